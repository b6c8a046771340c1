import { Button, Text, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import type { Problem } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";
import { syncAddress } from "../../shared/addresses";
import { ProblemNotice } from "../../shared/ProblemNotice";
import classes from "./editor.module.css";
import { useStart } from "./queries";
import type { Checking } from "./usePreflight";
import type { SyncDraft } from "./useSyncDraft";
import { checkSentence } from "./verdict";

interface SaveBarProps {
  draft: SyncDraft;
  check: Checking;
  /** What is missing, as a sentence. */
  gap: string | null;
  refused: Problem | null;
  onRefused(problem: Problem | null): void;
  onCheck(): void;
}

/** What will happen, the sync's name, and the buttons that check, save and run. */
export function SaveBar({ draft, check, gap, refused, onRefused, onCheck }: SaveBarProps) {
  const { doc, change } = draft;
  const [, navigate] = useLocation();
  const [busy, setBusy] = useState(false);
  const client = useQueryClient();
  const start = useStart(doc.id ?? "");
  const { text, blocked } = sentence(draft, check, gap);
  const nameless = doc.name.trim() === "";
  const checked = check.covers(doc);
  const save = async (run: boolean) => {
    setBusy(true);
    onRefused(null);
    try {
      const { id } = await rpc("sync_save", { ...doc, name: doc.name.trim() });
      // A second try, after the start was refused, must not make a second sync.
      change({ ...doc, id });
      await client.invalidateQueries({ queryKey: ["syncs"] });
      if (run) await start.mutateAsync({ id, anew: false });
      navigate(syncAddress(id));
    } catch (error) {
      onRefused(toProblem(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      className={classes.bar}
      aria-label="Save and run"
      onSubmit={(event) => {
        event.preventDefault();
        if (gap !== null) return;
        if (!checked) onCheck();
        else if (!blocked && !nameless) void save(true);
      }}
    >
      {refused && refused.field !== "name" && <ProblemNotice problem={refused} compact />}
      <div className={classes.barRow}>
        <Text className={classes.barText} data-blocked={blocked || undefined}>
          {text}
        </Text>
        <TextInput
          aria-label="Name of the sync"
          placeholder="Name of the sync"
          value={doc.name}
          error={refused?.field === "name" ? `${refused.message} ${refused.hint ?? ""}` : undefined}
          onChange={(event) => change({ ...doc, name: event.currentTarget.value })}
          className={classes.barName}
          spellCheck={false}
        />
        <Button variant="default" disabled={gap !== null || nameless} loading={busy} onClick={() => void save(false)}>
          Save
        </Button>
        {checked ? (
          <Button type="submit" loading={busy} disabled={blocked || nameless}>
            Save and run
          </Button>
        ) : (
          <Button type="submit" loading={check.ticket !== null} disabled={gap !== null}>
            {check.found ? "Check again" : "Check"}
          </Button>
        )}
      </div>
    </form>
  );
}

/** What will happen, or why it cannot yet. */
function sentence({ doc }: SyncDraft, check: Checking, gap: string | null): { text: string; blocked: boolean } {
  if (gap !== null) return { text: gap, blocked: true };
  if (check.ticket !== null) return { text: "Checking what would happen.", blocked: true };
  if (!check.found)
    return { text: "Check it first: nothing is sent before you have seen what will happen.", blocked: true };
  if (!check.covers(doc)) return { text: "The sync has changed; check it again.", blocked: true };
  const { text, ready } = checkSentence(check.found);
  return { text, blocked: !ready };
}
