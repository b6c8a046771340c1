import { useMemo } from "react";
import { useParams } from "wouter";
import { completed, type FormSchema } from "../../forms/schema";
import type { SyncInfo } from "../../generated/rpc";
import { EmptyState } from "../../shared/EmptyState";
import { useSyncs } from "../../shared/syncs";
import { Loaded } from "./Loaded";
import { SyncEditor } from "./SyncEditor";
import { destinationOfConnection, type Surroundings } from "./useSyncDraft";

/** A saved sync while it is changed. */
export default function EditSyncPage() {
  const { sync: id = "" } = useParams<{ sync: string }>();
  const sync = useSyncs().data?.find((one) => one.id === decodeURIComponent(id));
  return (
    <Loaded own={sync?.doc.name}>
      {(around) =>
        sync ? (
          <Editing key={sync.id} sync={sync} around={around} />
        ) : (
          <EmptyState title="This sync is gone">It was deleted; what it has sent is still there.</EmptyState>
        )
      }
    </Loaded>
  );
}

function Editing({ sync, around }: { sync: SyncInfo; around: Surroundings }) {
  const start = useMemo(() => {
    const to = destinationOfConnection(sync.doc.connection, around.connections, around.connectors);
    const parts = sync.doc.parts.map((part) => ({
      ...part,
      target: to ? completed(to.target as FormSchema, part.target) : part.target,
    }));
    return { ...sync.doc, id: sync.id, parts };
  }, [sync, around]);
  return <SyncEditor start={start} around={around} />;
}
