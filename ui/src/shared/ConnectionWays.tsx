import { Text } from "@mantine/core";
import { IconDatabaseImport } from "@tabler/icons-react";
import { Link } from "wouter";
import { newSourceAddress } from "./addresses";
import classes from "./ConnectionWays.module.css";
import { useConnectors } from "./connections";

/** The way to import from elsewhere than a file, with what can be connected to. */
export function ConnectionWays() {
  const titles = useConnectors().data?.map(({ title }) => title) ?? [];
  return (
    <Link href={newSourceAddress()} className={classes.way}>
      <IconDatabaseImport size={24} stroke={1.4} aria-hidden />
      <span>
        <Text fw={600} component="span" display="block">
          Or import from a connection
        </Text>
        <Text c="dimmed" size="xs" component="span" display="block">
          {titles.length > 0 ? titles.join(", ") : "Datasets, databases, interfaces and object stores"}; refreshed with
          one click
        </Text>
      </span>
    </Link>
  );
}
