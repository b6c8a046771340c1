import { Checkbox, Stack, Text, Title } from "@mantine/core";
import type { SyncDoc } from "../../generated/rpc";
import { useSources } from "../../shared/connections";
import { useTables } from "../../shared/queries";
import { preparation } from "./preparation";
import { useRecipes } from "./queries";

interface PreparationChoiceProps {
  doc: SyncDoc;
  onChange(doc: SyncDoc): void;
}

/** What is brought up to date before each run: sources are refreshed, then recipes applied. */
export function PreparationChoice({ doc, onChange }: PreparationChoiceProps) {
  const tables = useTables().data ?? [];
  const { sources, recipes } = preparation(doc, {
    tables: tables.map(({ table }) => table),
    sources: useSources().data ?? [],
    recipes: useRecipes().data ?? [],
  });
  if (sources.length === 0 && recipes.length === 0) return null;
  const apply = (input: string, on: boolean) => {
    const chosen = new Set(on ? [...doc.apply, input] : doc.apply.filter((one) => one !== input));
    // One recipe may read what another writes.
    const order = recipes.map((recipe) => recipe.input).filter((one) => chosen.has(one));
    onChange({ ...doc, apply: [...new Set(order)] });
  };
  const refresh = (id: string, on: boolean) =>
    onChange({ ...doc, refresh: on ? [...doc.refresh, id] : doc.refresh.filter((one) => one !== id) });
  return (
    <section aria-labelledby="before-each-run">
      <Title order={3} id="before-each-run">
        Before each run
      </Title>
      <Text size="xs" c="dimmed" mb={8}>
        What is sent can be brought up to date first; if that fails, nothing is sent.
      </Text>
      <Stack gap={6}>
        {sources.map((source) => (
          <Checkbox
            key={source.id}
            label={`Refresh ${source.doc.name} from ${source.connection_name}`}
            description={`${source.kind_title}, into ${source.doc.table}`}
            checked={doc.refresh.includes(source.id)}
            onChange={(event) => refresh(source.id, event.currentTarget.checked)}
          />
        ))}
        {recipes.map((recipe) => (
          <Checkbox
            key={recipe.id}
            label={`Apply the recipe ${recipe.name}`}
            description={`${recipe.input} becomes ${recipe.output}`}
            checked={doc.apply.includes(recipe.input)}
            onChange={(event) => apply(recipe.input, event.currentTarget.checked)}
          />
        ))}
      </Stack>
    </section>
  );
}
