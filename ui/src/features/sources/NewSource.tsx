import { useMemo } from "react";
import { completed, type FormSchema } from "../../forms/schema";
import type { ConnectionInfo, ConnectorInfo, SourceDoc } from "../../generated/rpc";
import { NEW_LOADING } from "./loading";
import { Workbench } from "./Workbench";

interface NewSourceProps {
  connection: ConnectionInfo;
  connector: ConnectorInfo;
  /** What was chosen while looking around; nothing where the form alone says what is read. */
  selection: unknown;
  onBack(): void;
}

/** A source that is not saved yet. */
export function NewSource({ connection, connector, selection, onBack }: NewSourceProps) {
  const start = useMemo(
    (): SourceDoc => ({
      name: "",
      connection: connection.id,
      selection: completed(connector.selection as FormSchema, selection ?? {}),
      options: {},
      table: "",
      loading: NEW_LOADING,
    }),
    [connection, connector, selection],
  );
  const chosen = Object.keys((selection ?? {}) as object).length > 0;
  return <Workbench connector={connector} start={start} previewAtOnce={chosen} onBack={onBack} />;
}
