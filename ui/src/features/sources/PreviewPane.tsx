import { Button, SegmentedControl } from "@mantine/core";
import { IconTable } from "@tabler/icons-react";
import { useState } from "react";
import { responseFields, withMember } from "../../forms/responsePath";
import type { FormSchema } from "../../forms/schema";
import type { ConnectorInfo, SourceDoc } from "../../generated/rpc";
import { EmptyState } from "../../shared/EmptyState";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { NO_ROWS } from "../../shared/preview/firstRows";
import { LedgerPeek } from "../../shared/preview/LedgerPeek";
import { PreviewTable } from "../../shared/preview/PreviewTable";
import { ResponseTree } from "./ResponseTree";
import classes from "./sources.module.css";
import { TicketProgress } from "./TicketProgress";
import type { ShownSource } from "./useSourcePreview";

/** Before the first preview the shape of what comes is shown. */
const NOTHING_YET = { shown: undefined, first: NO_ROWS, reading: true, problem: null };

interface PreviewPaneProps {
  shown: ShownSource;
  connector: ConnectorInfo;
  doc: SourceDoc;
  onType(column: string, type: string | undefined): void;
  onSelection(selection: unknown): void;
  onPreview(): void;
}

/** The first rows as they will become, or the response they come from; while it is read, how far that is. */
export function PreviewPane({ shown, connector, doc, onType, onSelection, onPreview }: PreviewPaneProps) {
  const [view, setView] = useState("rows");
  const { preview, ticket, problem } = shown;
  const sample = preview?.sample ?? null;
  const response = sample !== null && view === "response";
  return (
    <div className={classes.middle}>
      {ticket !== null && <TicketProgress ticket={ticket} what="Reading the first rows" onCancel={shown.cancel} />}
      {problem && ticket === null && (
        <div className={classes.notice}>
          <ProblemNotice problem={problem} action={{ label: "Try again", run: onPreview }} />
        </div>
      )}
      {!preview && ticket !== null && <PreviewTable preview={NOTHING_YET} types={{}} />}
      {!preview && !problem && ticket === null && (
        <EmptyState
          title="No preview yet"
          icon={<IconTable size={32} stroke={1.4} aria-hidden />}
          action={<Button onClick={onPreview}>Preview</Button>}
        >
          Say on the left what is read; the first rows are shown here as they will become.
        </EmptyState>
      )}
      {sample !== null && (
        <SegmentedControl
          className={classes.views}
          aria-label="What is shown"
          value={view}
          onChange={setView}
          transitionDuration={0}
          data={[
            { value: "rows", label: "Rows" },
            { value: "response", label: "Response" },
          ]}
        />
      )}
      {response && (
        <ResponseTree
          sample={sample}
          fields={responseFields(connector.selection as FormSchema, doc.selection)}
          onPick={({ path }, place) => onSelection(withMember(doc.selection, path, place))}
        />
      )}
      {preview && !response && (
        <div className={classes.rows} data-old={problem !== null || undefined}>
          <PreviewTable
            preview={{ shown: preview.import, first: shown.first, reading: ticket !== null, problem: null }}
            types={doc.options.types ?? {}}
            onType={preview.import.settings.length > 0 ? onType : undefined}
          />
          <LedgerPeek preview={preview.import} />
        </div>
      )}
    </div>
  );
}
