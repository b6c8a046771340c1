import {
  IconAlertTriangle,
  IconCircle,
  IconCircleCheck,
  IconExclamationCircle,
  IconLoader2,
  type TablerIcon,
} from "@tabler/icons-react";
import classes from "./migrate.module.css";
import type { Tone } from "./verdict";

const ICONS: Record<Tone, TablerIcon> = {
  good: IconCircleCheck,
  warn: IconExclamationCircle,
  bad: IconAlertTriangle,
  busy: IconLoader2,
  plain: IconCircle,
};

/** How something stands: a word in its colour, with a sign. */
export function StateBadge({ word, tone }: { word: string; tone: Tone }) {
  const Icon = ICONS[tone];
  return (
    <span className={classes.state} data-tone={tone}>
      <Icon size={14} aria-hidden />
      {word}
    </span>
  );
}
