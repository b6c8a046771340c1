import { Drawer } from "@mantine/core";
import { JobList } from "./JobList";

/** The jobs beside the page. */
export function JobsDrawer({ opened, onClose }: { opened: boolean; onClose(): void }) {
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      position="right"
      size={440}
      title="Jobs"
      closeButtonProps={{ "aria-label": "Close jobs" }}
      transitionProps={{ duration: 120 }}
    >
      <JobList onLeave={onClose} />
    </Drawer>
  );
}
