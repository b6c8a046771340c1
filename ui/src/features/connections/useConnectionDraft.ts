import { useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useLocation } from "wouter";
import { completed, type FormSchema } from "../../forms/schema";
import { writesSecret } from "../../forms/secrets";
import type { ConnectionInfo, ConnectorInfo, Problem } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";
import { connectionsAddress } from "../../shared/addresses";
import { freeName } from "../../shared/connections";
import { openSecrets } from "../../shared/passphrase";

/** What is edited. */
interface Draft {
  name: string;
  settings: unknown;
}

/** A connection while it is edited; `next` is where saving leads, if not to itself. */
export function useConnectionDraft(
  connector: ConnectorInfo,
  connection: ConnectionInfo | undefined,
  connections: ConnectionInfo[],
  next?: (id: string) => string,
) {
  const schema = connector.settings as FormSchema;
  const [, navigate] = useLocation();
  const client = useQueryClient();
  const [draft, setDraft] = useState<Draft | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const start = useMemo((): Draft => {
    const names = connections.map(({ name }) => name);
    const settings = completed(schema, connection?.settings ?? {});
    return { name: connection?.name ?? freeName(connector.title, names), settings };
  }, [connection, connector, connections, schema]);
  const { name, settings } = draft ?? start;
  const doc = { id: connection?.id, name: name.trim(), kind: connector.kind, settings };

  const attempt = async (work: () => Promise<ConnectionInfo | null>, leadsTo: (id: string) => string) => {
    setBusy(true);
    setProblem(null);
    try {
      const saved = await work();
      if (!saved) return;
      await client.invalidateQueries({ queryKey: ["connections"] });
      setDraft(null);
      navigate(leadsTo(saved.id), { replace: !connection });
    } catch (error) {
      setProblem(toProblem(error));
    } finally {
      setBusy(false);
    }
  };
  const shown = (id: string) => connectionsAddress({ id });
  const save = async () => {
    if (writesSecret(schema, settings) && !(await openSecrets())) return null;
    return rpc("connection_save", doc);
  };
  return {
    name,
    settings,
    doc,
    changed: draft !== null,
    problem,
    busy,
    change: (part: Partial<Draft>) => {
      setDraft({ name, settings, ...part });
      setProblem(null);
    },
    save: () => void attempt(save, next ?? shown),
    duplicate: () => void attempt(() => rpc("connection_duplicate", { id: connection?.id ?? "" }), shown),
  };
}
