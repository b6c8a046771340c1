import { Button, Collapse, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconAdjustmentsHorizontal, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { SchemaForm } from "../../forms/SchemaForm";
import { type FormSchema, fieldsOf } from "../../forms/schema";
import classes from "./sources.module.css";

/** How long writing rests before the search follows it, in ms. */
const REST_MS = 450;

interface SearchBoxProps {
  wanted: string;
  onWanted(text: string): void;
  /** JSON Schema of the filters. */
  schema: unknown;
  filters: unknown;
  onFilters(filters: unknown): void;
}

/** A search text and what narrows it. */
export function SearchBox({ wanted, onWanted, schema, filters, onFilters }: SearchBoxProps) {
  const [text, setText] = useState(wanted);
  const [opened, setOpened] = useState(false);
  const later = useDebouncedCallback(onWanted, REST_MS);
  const hasFilters = fieldsOf(schema as FormSchema).length > 0;
  return (
    <form
      className={classes.search}
      aria-label="Search"
      onSubmit={(event) => {
        event.preventDefault();
        onWanted(text);
      }}
    >
      <div className={classes.searchRow}>
        <TextInput
          aria-label="Search"
          placeholder="Search"
          leftSection={<IconSearch size={14} aria-hidden />}
          value={text}
          autoFocus
          onChange={(event) => {
            setText(event.currentTarget.value);
            later(event.currentTarget.value);
          }}
        />
        {hasFilters && (
          <Button
            variant="default"
            leftSection={<IconAdjustmentsHorizontal size={14} aria-hidden />}
            aria-expanded={opened}
            onClick={() => setOpened(!opened)}
          >
            Filters
          </Button>
        )}
      </div>
      {hasFilters && (
        <Collapse expanded={opened}>
          <div className={classes.filters}>
            <SchemaForm schema={schema} value={filters} onChange={onFilters} columns={[]} problem={null} />
          </div>
        </Collapse>
      )}
    </form>
  );
}
