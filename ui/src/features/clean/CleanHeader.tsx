import { ActionIcon, Button, Menu, Tooltip } from "@mantine/core";
import { IconArrowBackUp, IconArrowForwardUp, IconArrowLeft, IconDots } from "@tabler/icons-react";
import type { TableInfo } from "../../generated/rpc";
import { platform, rpc, toProblem } from "../../platform";
import { tableAddress } from "../../shared/addresses";
import { counted } from "../../shared/format";
import classes from "./clean.module.css";
import type { OpenRecipe } from "./useRecipe";

/** Which table is cleaned, undo and redo, and the recipe as a file. */
export function CleanHeader({ info, recipe }: { info: TableInfo; recipe: OpenRecipe }) {
  const { doc, undo, redo } = recipe;
  const attempt = (work: () => Promise<void>) =>
    work().catch((error: unknown) => recipe.setFileProblem(toProblem(error)));
  const saveFile = async () => {
    await recipe.save();
    const file = await rpc("recipe_export", { id: doc.id });
    await platform.saveText(file.name, file.text);
  };
  const openFile = async () => {
    const file = await platform.openText(".json");
    if (file) await recipe.takeFile(file.text);
  };
  return (
    <header className={classes.head}>
      <Tooltip label={`Back to ${info.table}`}>
        <ActionIcon component="a" href={`#${tableAddress(info.table)}`} size={30} aria-label={`Back to ${info.table}`}>
          <IconArrowLeft size={18} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <h1 className={classes.name}>
        <span className={classes.layerBadge}>{info.layer}</span>
        {info.name}
      </h1>
      <span className={classes.facts}>
        Cleaning version {info.version} with {counted(info.rows, "row")}
      </span>
      <div className={classes.actions}>
        <Tooltip label="Undo (Ctrl Z)">
          <ActionIcon
            aria-label="Undo"
            variant="transparent"
            size={30}
            disabled={!doc.can_undo}
            onClick={() => void undo()}
          >
            <IconArrowBackUp size={18} aria-hidden />
          </ActionIcon>
        </Tooltip>
        <Tooltip label="Redo (Ctrl Y)">
          <ActionIcon
            aria-label="Redo"
            variant="transparent"
            size={30}
            disabled={!doc.can_redo}
            onClick={() => void redo()}
          >
            <IconArrowForwardUp size={18} aria-hidden />
          </ActionIcon>
        </Tooltip>
        <Menu position="bottom-end">
          <Menu.Target>
            <Button variant="default" px={8} aria-label="Recipe file">
              <IconDots size={16} aria-hidden />
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item disabled={doc.steps.length === 0} onClick={() => void attempt(saveFile)}>
              Save the recipe as a file
            </Menu.Item>
            <Menu.Item onClick={() => void attempt(openFile)}>Use a recipe from a file</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </div>
    </header>
  );
}
