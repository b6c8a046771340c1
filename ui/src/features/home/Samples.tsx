import { Text, Title } from "@mantine/core";
import { IconSparkles } from "@tabler/icons-react";
import { Link } from "wouter";
import type { Sample } from "../../generated/rpc";
import { importAddress } from "../../shared/addresses";
import { Prose } from "../../shared/Prose";
import classes from "./home.module.css";

/** The bundled samples; one click shows a sample's rows as they will become. */
export function Samples({ samples }: { samples: Sample[] }) {
  if (samples.length === 0) return null;
  return (
    <section aria-labelledby="samples">
      <Title order={2} id="samples">
        Or open a sample
      </Title>
      <div className={classes.cards}>
        {samples.map((sample) => (
          <Link key={sample.path} href={importAddress([sample.path])} className={classes.card}>
            <IconSparkles size={20} stroke={1.6} aria-hidden />
            <div>
              <Text fw={600}>{sample.title}</Text>
              <Text c="dimmed" size="xs">
                <Prose text={sample.description} />
              </Text>
            </div>
          </Link>
        ))}
      </div>
    </section>
  );
}
