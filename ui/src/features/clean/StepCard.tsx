import { ActionIcon, Menu, Switch, UnstyledButton } from "@mantine/core";
import { IconDots, IconGripVertical } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import type { RecipeStep, StepCount, StepInfo, StepOutcome, TableDetail } from "../../generated/rpc";
import { ProblemNotice } from "../../shared/ProblemNotice";
import classes from "./clean.module.css";
import { StepCounts } from "./StepCounts";
import { StepEditor } from "./StepEditor";
import { edited, inserted, newId } from "./steps";

export interface StepCardProps {
  step: RecipeStep;
  index: number;
  steps: RecipeStep[];
  detail: TableDetail;
  info: StepInfo | undefined;
  outcome: StepOutcome | undefined;
  exact: StepCount | undefined;
  selected: boolean;
  dragged: string | null;
  onDragged(id: string | null): void;
  onSelect(id: string | undefined): void;
  onSteps(steps: RecipeStep[], typing?: boolean): void;
  onMove(id: string, to: number): void;
}

/** A card of more than this many pixels would hide its own beginning when its end is scrolled into view. */
const TALL = 360;

/** One step as a sentence with its counts; the selected one is open, with its form. */
export function StepCard(props: StepCardProps) {
  const { step, index, steps, info, outcome, exact, selected, dragged, onDragged, onSelect, onSteps, onMove } = props;
  const [over, setOver] = useState(false);
  const card = useRef<HTMLLIElement>(null);
  useEffect(() => {
    const tall = (card.current?.offsetHeight ?? 0) > TALL;
    if (selected) card.current?.scrollIntoView({ block: tall ? "start" : "nearest" });
  }, [selected]);
  const sentence = outcome?.sentence || info?.title || step.kind;
  const number = index + 1;
  const edit = (part: Partial<RecipeStep>, typing = false) => onSteps(edited(steps, step.id, part), typing);
  const drop = () => {
    setOver(false);
    if (dragged !== null && dragged !== step.id) onMove(dragged, index);
    onDragged(null);
  };
  return (
    <li
      ref={card}
      className={classes.step}
      data-selected={selected || undefined}
      data-off={!step.enabled || undefined}
      data-problem={outcome?.problem ? true : undefined}
      data-over={(over && dragged !== step.id) || undefined}
      onDragOver={(event) => {
        if (dragged !== null) event.preventDefault();
        setOver(dragged !== null);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <div className={classes.stepHead}>
        <ActionIcon
          className={classes.handle}
          size={20}
          draggable
          aria-label={`Move step ${number}; the arrow keys move it`}
          onDragStart={(event) => {
            event.dataTransfer.setData("text/plain", sentence);
            event.dataTransfer.effectAllowed = "move";
            onDragged(step.id);
          }}
          onDragEnd={() => onDragged(null)}
          onKeyDown={(event) => {
            const by = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
            if (by === 0) return;
            event.preventDefault();
            onMove(step.id, index + by);
          }}
        >
          <IconGripVertical size={14} aria-hidden />
        </ActionIcon>
        <UnstyledButton
          className={classes.sentence}
          aria-expanded={selected}
          onClick={() => onSelect(selected ? undefined : step.id)}
        >
          <span className={classes.number}>{number}</span>
          <span>{sentence}</span>
        </UnstyledButton>
        <Switch
          size="xs"
          aria-label={`Step ${number} on`}
          checked={step.enabled}
          onChange={(event) => edit({ enabled: event.currentTarget.checked })}
        />
        <StepMenu {...props} onEdit={edit} />
      </div>
      <div className={classes.stepBody}>
        <StepCounts step={step} outcome={outcome} exact={exact} />
        {step.comment && !selected && <p className={classes.comment}>{step.comment}</p>}
        {outcome?.problem && !selected && <ProblemNotice problem={outcome.problem} compact />}
        {selected && <StepEditor {...props} onEdit={edit} />}
      </div>
    </li>
  );
}

function StepMenu(props: StepCardProps & { onEdit(part: Partial<RecipeStep>): void }) {
  const { step, index, steps, selected, onSelect, onSteps, onMove } = props;
  const number = index + 1;
  const repeat = () => {
    const copy = { ...step, id: newId() };
    onSteps(inserted(steps, copy, step.id));
    onSelect(copy.id);
  };
  const remove = () => {
    if (selected) onSelect(undefined);
    onSteps(steps.filter((each) => each.id !== step.id));
  };
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon size={22} aria-label={`More about step ${number}`}>
          <IconDots size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item disabled={index === 0} onClick={() => onMove(step.id, index - 1)}>
          Move up
        </Menu.Item>
        <Menu.Item disabled={index === steps.length - 1} onClick={() => onMove(step.id, index + 1)}>
          Move down
        </Menu.Item>
        <Menu.Item onClick={repeat}>Duplicate</Menu.Item>
        <Menu.Item color="red" onClick={remove}>
          Remove
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
