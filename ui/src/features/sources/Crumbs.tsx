import { UnstyledButton } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import classes from "./sources.module.css";

interface CrumbsProps {
  /** The ids of the entries opened so far. */
  path: string[];
  /** Names of entries by their ids, as far as they are known. */
  names: Readonly<Record<string, string>>;
  root: string;
  onOpen(path: string[]): void;
}

/** Where one is; each part leads back to it. */
export function Crumbs({ path, names, root, onOpen }: CrumbsProps) {
  if (path.length === 0) return null;
  return (
    <nav aria-label="Where you are" className={classes.crumbs}>
      <UnstyledButton onClick={() => onOpen([])}>{root}</UnstyledButton>
      {path.map((id, at) => (
        <span key={id} className={classes.crumb}>
          <IconChevronRight size={14} aria-hidden />
          {at === path.length - 1 ? (
            <span aria-current="location">{names[id] ?? id}</span>
          ) : (
            <UnstyledButton onClick={() => onOpen(path.slice(0, at + 1))}>{names[id] ?? id}</UnstyledButton>
          )}
        </span>
      ))}
    </nav>
  );
}
