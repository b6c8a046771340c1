import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { TableDetail, VersionInfo } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";
import { counted } from "../../shared/format";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { Freshness } from "./Freshness";
import { useHistory } from "./queries";
import classes from "./tables.module.css";

interface Props {
  detail: TableDetail;
  onView(version: number | undefined): void;
}

/** Every version with what made it; each can be looked at and brought back. */
export function HistoryTab({ detail: { info, newest_version: newest }, onView }: Props) {
  const history = useHistory(info.table);
  const client = useQueryClient();
  const restore = useMutation({
    mutationFn: (version: number) => rpc("table_restore", { table: info.table, version }),
    onSuccess: async () => {
      await client.invalidateQueries();
      onView(undefined);
    },
  });
  if (history.error) {
    return (
      <div className={classes.inner}>
        <ProblemNotice
          problem={toProblem(history.error)}
          action={{ label: "Try again", run: () => history.refetch() }}
        />
      </div>
    );
  }
  return (
    <>
      {restore.error && (
        <div className={classes.inner}>
          <ProblemNotice problem={toProblem(restore.error)} />
        </div>
      )}
      <ol className={classes.versions} aria-label="Versions, newest first">
        {history.data?.map((version) => (
          <VersionRow
            key={version.version}
            version={version}
            shown={version.version === info.version}
            newest={version.version === newest}
            restoring={restore.isPending && restore.variables === version.version}
            onView={() => onView(version.version === newest ? undefined : version.version)}
            onRestore={() => restore.mutate(version.version)}
          />
        ))}
      </ol>
    </>
  );
}

interface RowProps {
  version: VersionInfo;
  shown: boolean;
  newest: boolean;
  restoring: boolean;
  onView(): void;
  onRestore(): void;
}

function VersionRow({ version, shown, newest, restoring, onView, onRestore }: RowProps) {
  return (
    <li className={classes.version} data-shown={shown || undefined}>
      <strong>Version {version.version}</strong>
      <span>{version.summary}</span>
      <span className={classes.right}>{version.rows === null ? "" : counted(version.rows, "row")}</span>
      <span className={classes.faint}>
        <Freshness ms={version.at_ms} />
      </span>
      <span className={classes.versionActions}>
        {shown ? (
          <span className={classes.faint}>shown</span>
        ) : (
          <Button variant="subtle" onClick={onView}>
            View version {version.version}
          </Button>
        )}
        {!newest && (
          <Button
            variant="default"
            loading={restoring}
            onClick={onRestore}
            title="Writes these rows as a new version; the versions in between stay."
          >
            Restore version {version.version}
          </Button>
        )}
      </span>
    </li>
  );
}
