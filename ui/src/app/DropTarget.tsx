import { Loader, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconFileImport } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useLocation } from "wouter";
import { platform } from "../platform";
import { importAddress } from "../shared/addresses";
import classes from "./DropTarget.module.css";

/** Files dropped anywhere open the import. */
export function DropTarget() {
  const [over, setOver] = useState(false);
  const [uploading, setUploading] = useState<string | null>(null);
  const [, navigate] = useLocation();
  useEffect(
    () =>
      platform.onFiles({
        hover: setOver,
        uploading: setUploading,
        drop: (paths) => navigate(importAddress(paths)),
        failed: ({ problem }) =>
          notifications.show({
            title: problem.message,
            message: problem.hint ?? "Choose the file with the Import page instead.",
            color: "red",
            autoClose: false,
          }),
      }),
    [navigate],
  );
  if (!over && uploading === null) return null;
  return (
    <div className={classes.overlay} role="status">
      <div className={classes.sign}>
        {uploading === null ? <IconFileImport size={40} stroke={1.4} aria-hidden /> : <Loader size="sm" />}
        <Text fw={600} size="lg">
          {uploading === null ? "Drop to import" : `Reading ${uploading}`}
        </Text>
        <Text c="dimmed">Nothing is imported before you have seen the rows.</Text>
      </div>
    </div>
  );
}
