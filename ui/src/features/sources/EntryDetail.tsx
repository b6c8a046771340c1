import { Button, Text, Title } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import type { Fact, ListingAbout, ListingColumn, ListingEntry } from "../../generated/rpc";
import { ExternalLink } from "../../shared/ExternalLink";
import { bytes, counted } from "../../shared/format";
import { Markdown } from "../../shared/Markdown";
import { isReadable } from "./browse";
import classes from "./sources.module.css";

interface EntryDetailProps {
  /** The entry in focus. */
  entry: ListingEntry | undefined;
  /** What the level itself is. */
  about: ListingAbout | undefined;
  /** The entries that are chosen to be read together. */
  chosen: readonly ListingEntry[];
  onReadChosen(): void;
  onOpen(entry: ListingEntry): void;
  onRead(selection: unknown): void;
}

/** What is known about an entry and its level, and the buttons that go on with it. */
export function EntryDetail({ entry, about, chosen, onReadChosen, onOpen, onRead }: EntryDetailProps) {
  const whole = about && about.selection !== null && about.selection !== undefined;
  return (
    <aside className={classes.detail} aria-label="About it">
      {chosen.length > 0 && (
        <Button fullWidth onClick={onReadChosen}>
          Preview {several(chosen)}
        </Button>
      )}
      {entry && (
        <section className={classes.detailPart} aria-label={entry.name}>
          <Title order={2}>{entry.name}</Title>
          <div className={classes.detailActions}>
            {isReadable(entry) && (
              <Button variant={chosen.length > 0 ? "default" : "filled"} onClick={() => onRead(entry.selection)}>
                Preview this {entry.kind}
              </Button>
            )}
            {entry.opens && (
              <Button variant="default" onClick={() => onOpen(entry)}>
                Open
              </Button>
            )}
          </div>
          {entry.summary !== "" && <Text size="xs">{entry.summary}</Text>}
          <Facts facts={[...numbers(entry), ...entry.facts]} />
          <Columns columns={entry.columns} />
        </section>
      )}
      {about && (
        <section className={classes.detailPart} aria-label={about.title}>
          <Title order={2}>{about.title}</Title>
          {whole && (
            <Button variant={entry || chosen.length > 0 ? "default" : "filled"} onClick={() => onRead(about.selection)}>
              Preview all of it
            </Button>
          )}
          <Facts facts={about.facts} />
          {about.link && (
            <Text size="xs">
              <ExternalLink href={about.link}>{about.link}</ExternalLink>
            </Text>
          )}
          {about.text !== "" && <Markdown text={about.text} />}
        </section>
      )}
      {!entry && !about && chosen.length === 0 && (
        <Text c="dimmed" size="xs">
          Choose something on the left to see what is known about it.
        </Text>
      )}
    </aside>
  );
}

/** The entries in words: `prices.csv`, `3 files`. */
function several(entries: readonly ListingEntry[]): string {
  const [first] = entries;
  if (entries.length === 1 && first) return first.name;
  const same = entries.every(({ kind }) => kind === first?.kind);
  return same && first ? counted(entries.length, first.kind) : `${entries.length} together`;
}

function numbers({ rows, bytes: size }: ListingEntry): Fact[] {
  const facts: Fact[] = [];
  if (rows !== null) facts.push({ label: "Rows", value: counted(rows, "row") });
  if (size !== null) facts.push({ label: "Size", value: bytes(size) });
  return facts;
}

function Facts({ facts }: { facts: Fact[] }) {
  if (facts.length === 0) return null;
  return (
    <dl className={classes.factList}>
      {facts.map(({ label, value }) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Columns({ columns }: { columns: ListingColumn[] }) {
  if (columns.length === 0) return null;
  return (
    <>
      <Title order={3}>{counted(columns.length, "column")}</Title>
      <ul className={classes.columnList}>
        {columns.map((column) => (
          <li key={column.name}>
            <span className={classes.columnHead}>
              <strong>{column.name}</strong>
              {column.key && <IconKey size={13} aria-label="part of the key" />}
              <span className={classes.entryKind}>{column.type}</span>
            </span>
            {column.description !== "" && <span className={classes.summary}>{column.description}</span>}
          </li>
        ))}
      </ul>
    </>
  );
}
