import { ActionIcon, Button, Checkbox, Text, Title, Tooltip } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { useLocation } from "wouter";
import type { Inspected, InspectedFile } from "../../generated/rpc";
import { platform } from "../../platform";
import { importAddress } from "../../shared/addresses";
import { bytes, counted } from "../../shared/format";
import { Prose } from "../../shared/Prose";
import panel from "../../shared/preview/preview.module.css";
import classes from "./import.module.css";
import { importable, inputKey, isRefused } from "./inputs";

interface FileListProps {
  inspected: Inspected;
  paths: string[];
  chosen: ReadonlySet<string>;
  onChoose(chosen: Set<string>): void;
}

/** The files and the members of archives, with those chosen that become the table. */
export function FileList({ inspected, paths, chosen, onChoose }: FileListProps) {
  const [, navigate] = useLocation();
  const all = importable(inspected);
  const toggle = (keys: string[], on: boolean) => {
    const next = new Set(chosen);
    for (const key of keys) on ? next.add(key) : next.delete(key);
    onChoose(next);
  };
  const add = async () => {
    const more = await platform.pickFiles();
    if (more.length > 0) navigate(importAddress([...paths, ...more]), { replace: true });
  };
  return (
    <section className={classes.files} aria-labelledby="files">
      <div className={panel.panelHead}>
        <Title order={2} id="files">
          Files
        </Title>
        <Button variant="subtle" size="compact-xs" leftSection={<IconPlus size={14} />} onClick={() => void add()}>
          Add
        </Button>
      </div>
      {all.length > 1 && (
        <Checkbox
          label={`${chosen.size} of ${counted(all.length, "file")} into one table`}
          checked={chosen.size === all.length}
          indeterminate={chosen.size > 0 && chosen.size < all.length}
          onChange={(event) =>
            toggle(
              all.map(({ path, member }) => inputKey(path, member)),
              event.currentTarget.checked,
            )
          }
          mb={8}
        />
      )}
      <ul className={classes.fileList}>
        {inspected.files.map((file) => (
          <li key={file.path}>
            <FileEntry
              file={file}
              single={inspected.files.length === 1 && all.length < 2}
              chosen={chosen}
              onToggle={toggle}
              onRemove={
                paths.length > 1 && paths.includes(file.path)
                  ? () => navigate(importAddress(paths.filter((path) => path !== file.path)), { replace: true })
                  : undefined
              }
            />
          </li>
        ))}
      </ul>
    </section>
  );
}

interface FileEntryProps {
  file: InspectedFile;
  /** Whether it is all there is, so that there is nothing to choose. */
  single: boolean;
  chosen: ReadonlySet<string>;
  onToggle(keys: string[], on: boolean): void;
  onRemove?: () => void;
}

function FileEntry({ file, single, chosen, onToggle, onRemove }: FileEntryProps) {
  const members = file.members.filter(({ refused }) => refused === null).map(({ name }) => inputKey(file.path, name));
  const keys = file.members.length > 0 ? members : [inputKey(file.path)];
  const on = keys.filter((key) => chosen.has(key)).length;
  const label = (
    <Tooltip label={file.path}>
      <span className={classes.fileName}>{file.name}</span>
    </Tooltip>
  );
  return (
    <>
      <div className={classes.file}>
        {single ? (
          label
        ) : (
          <Checkbox
            label={label}
            aria-label={file.name}
            disabled={isRefused(file)}
            checked={on > 0 && on === keys.length}
            indeterminate={on > 0 && on < keys.length}
            onChange={(event) => onToggle(keys, event.currentTarget.checked)}
          />
        )}
        <span className={classes.size}>{bytes(file.bytes)}</span>
        {onRemove && (
          <ActionIcon size="sm" aria-label={`Remove ${file.name}`} onClick={onRemove}>
            <IconX size={14} />
          </ActionIcon>
        )}
      </div>
      {file.problem && !single && (
        <Text size="xs" className={classes.refused} role="alert">
          <Prose text={`${file.problem.message} ${file.problem.hint ?? ""}`} />
        </Text>
      )}
      {file.members.length > 0 && (
        <ul className={classes.members}>
          {file.members.map(({ name, bytes: size, refused }) => {
            const key = inputKey(file.path, name);
            return (
              <li key={name}>
                <div className={classes.file}>
                  <Checkbox
                    label={<span className={classes.fileName}>{name}</span>}
                    disabled={refused !== null}
                    checked={chosen.has(key)}
                    onChange={(event) => onToggle([key], event.currentTarget.checked)}
                  />
                  <span className={classes.size}>{bytes(size)}</span>
                </div>
                {refused && (
                  <Text size="xs" c="dimmed" className={classes.refusedMember}>
                    <Prose text={refused} />
                  </Text>
                )}
              </li>
            );
          })}
        </ul>
      )}
    </>
  );
}
