import { Anchor, Button, Menu, Select } from "@mantine/core";
import { IconChevronDown, IconDatabaseExport, IconDownload, IconSql, IconTrash, IconWand } from "@tabler/icons-react";
import { useState } from "react";
import { useLocation } from "wouter";
import type { TableDetail } from "../../generated/rpc";
import { newSyncAddress, tableAddress } from "../../shared/addresses";
import { ExportDialog } from "../../shared/ExportDialog";
import { FedBy } from "../../shared/FedBy";
import { counted } from "../../shared/format";
import { Freshness } from "./Freshness";
import { RemoveDialog } from "./RemoveDialog";
import { StaleNotice } from "./StaleNotice";
import { sqlAddress } from "./sqlAddress";
import classes from "./tables.module.css";

interface Props {
  detail: TableDetail;
  onVersion(version: number | undefined): void;
}

/** A table's name, version and numbers, and what can be done with it. */
export function TableHeader({ detail, onVersion }: Props) {
  const { info, newest_version: newest } = detail;
  const [dialog, setDialog] = useState<"export" | "remove" | null>(null);
  const [, navigate] = useLocation();
  const versions = Array.from({ length: newest + 1 }, (_, index) => newest - index);
  const older = info.version < newest;
  return (
    <header className={classes.head}>
      <h1 className={classes.name}>
        <span className={classes.layerBadge} data-layer={info.layer}>
          {info.layer}
        </span>
        {info.name}
      </h1>
      <Select
        aria-label="Version"
        w={164}
        allowDeselect={false}
        searchable={versions.length > 12}
        value={String(info.version)}
        data={versions.map((version) => ({
          value: String(version),
          label: version === newest ? `Version ${version}, newest` : `Version ${version}`,
        }))}
        onChange={(value) => onVersion(Number(value) === newest ? undefined : Number(value))}
      />
      <div className={classes.facts}>
        <span>{counted(info.rows, "row")}</span>
        <span>
          written <Freshness ms={info.modified_ms} />
        </span>
        <FedBy table={info.table} />
        {info.input && (
          <span>
            from{" "}
            <Anchor href={`#${tableAddress(info.input)}`} inherit>
              {info.input}
            </Anchor>{" "}
            version {info.input_version}
          </span>
        )}
      </div>
      {!older && <StaleNotice info={info} />}
      <div className={classes.actions}>
        <Button
          leftSection={<IconWand size={16} aria-hidden />}
          onClick={() => navigate(`${tableAddress(info.input ?? info.table)}/clean`)}
          title={info.input ? `The recipe that makes this table from ${info.input}` : undefined}
        >
          {info.input ? "Edit recipe" : "Clean"}
        </Button>
        <Button
          variant="default"
          leftSection={<IconSql size={16} aria-hidden />}
          onClick={() => navigate(sqlAddress(`SELECT * FROM ${info.table}${older ? `@${info.version}` : ""}`))}
        >
          Query
        </Button>
        <Button
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden />}
          onClick={() => setDialog("export")}
        >
          Export
        </Button>
        <Menu position="bottom-end">
          <Menu.Target>
            <Button variant="default" px={8} aria-label="More actions">
              <IconChevronDown size={16} aria-hidden />
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item
              leftSection={<IconDatabaseExport size={16} />}
              onClick={() =>
                navigate(newSyncAddress({ table: info.table, ...(older ? { version: info.version } : {}) }))
              }
            >
              Send to another system
            </Menu.Item>
            <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={() => setDialog("remove")}>
              Remove the table
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </div>
      <ExportDialog
        opened={dialog === "export"}
        onClose={() => setDialog(null)}
        source={{ kind: "table", table: info.table, version: info.version }}
        name={info.name}
      />
      <RemoveDialog detail={detail} opened={dialog === "remove"} onClose={() => setDialog(null)} />
    </header>
  );
}
