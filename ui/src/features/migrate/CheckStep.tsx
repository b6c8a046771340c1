import { Button, Group, Stack, Text } from "@mantine/core";
import { IconListCheck } from "@tabler/icons-react";
import { asMembers } from "../../forms/schema";
import type { SyncPreflight } from "../../generated/rpc";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { CheckedTable } from "./CheckedTable";
import { CheckProgress } from "./CheckProgress";
import { withPart } from "./draft";
import classes from "./report.module.css";
import type { Checking } from "./usePreflight";
import type { SyncDraft } from "./useSyncDraft";
import { checkSentence } from "./verdict";

/** What would happen and what would fail, found out before anything is sent. */
export function CheckStep({ draft, check }: { draft: SyncDraft; check: Checking }) {
  const { doc, destination } = draft;
  const { found, ticket, problem } = check;
  const covers = check.covers(doc);
  const settle = (one: SyncPreflight) => {
    const table = one.origin.replace(/@.*$/, "");
    const part = { from: { kind: "table" as const, table }, target: one.target, columns: [], key: [], edits: {} };
    draft.change({ ...doc, parts: [...doc.parts, part] });
  };
  return (
    <Stack gap="md">
      <Group gap="sm">
        <Button
          variant="default"
          leftSection={<IconListCheck size={16} aria-hidden />}
          loading={ticket !== null}
          onClick={() => check.run(doc)}
        >
          {found ? "Check again" : "Check"}
        </Button>
        <Text size="xs" c="dimmed">
          {found && !covers
            ? "The sync has changed since this check."
            : "A dry run against the target: nothing is changed there, and every row is looked at."}
        </Text>
      </Group>
      {ticket !== null && <CheckProgress ticket={ticket} onCancel={check.cancel} />}
      {problem && <ProblemNotice title="It could not be checked" problem={problem} />}
      {found && (
        <div className={classes.checked} data-old={!covers || undefined}>
          <Verdict found={found} />
          {found.map((one, at) => {
            const part = doc.parts[at];
            return (
              <CheckedTable
                key={`${one.origin} ${JSON.stringify(one.target)}`}
                found={one}
                target={String(asMembers(one.target)[destination?.main ?? ""] ?? "")}
                opened={found.length === 1 || !one.ready || one.findings.some(({ severity }) => severity !== "notes")}
                edits={part?.edits ?? {}}
                onEdits={part && ((edits) => draft.change(withPart(doc, at, { edits })))}
                onReset={(edits) => {
                  // What it was before the edit is known only to the engine.
                  const next = withPart(doc, at, { edits });
                  draft.change(next);
                  check.run(next);
                }}
                onSettle={() => settle(one)}
              />
            );
          })}
        </div>
      )}
    </Stack>
  );
}

function Verdict({ found }: { found: SyncPreflight[] }) {
  const { text, ready } = checkSentence(found);
  const rejects = ready && found.some(({ findings }) => findings.some(({ severity }) => severity === "rejects"));
  return (
    <div className={classes.verdict} data-tone={!ready ? "bad" : rejects ? "warn" : "good"} role="status">
      <Text fw={600}>{ready ? `Ready: ${text}` : text}</Text>
    </div>
  );
}
