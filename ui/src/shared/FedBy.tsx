import { Anchor } from "@mantine/core";
import { sourceAddress } from "./addresses";
import { useSources } from "./connections";

/** The sources that feed a table, as links; nothing where there are none. */
export function FedBy({ table }: { table: string }) {
  const sources = useSources().data?.filter(({ doc }) => doc.table === table) ?? [];
  if (sources.length === 0) return null;
  return (
    <span>
      fed by{" "}
      {sources.map(({ id, doc }, at) => (
        <span key={id}>
          {at > 0 && ", "}
          <Anchor href={`#${sourceAddress(id)}`} inherit>
            {doc.name}
          </Anchor>
        </span>
      ))}
    </span>
  );
}
