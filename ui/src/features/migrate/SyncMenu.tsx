import { ActionIcon, Button, Group, Menu, Modal, Stack, Text } from "@mantine/core";
import { IconDots, IconEdit, IconHistory, IconRotate2, IconTrash } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import type { SyncInfo } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";
import { editSyncAddress, syncAddress } from "../../shared/addresses";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { isUnfinished } from "./verdict";

interface SyncMenuProps {
  sync: SyncInfo;
  /** Gives an unfinished run up and begins anew. */
  onAnew(): void;
}

/** What is done less often with a sync. */
export function SyncMenu({ sync, onAnew }: SyncMenuProps) {
  const [, navigate] = useLocation();
  const [deleting, setDeleting] = useState(false);
  const running = sync.state === "running";
  return (
    <>
      <Menu position="bottom-end" width={240}>
        <Menu.Target>
          <ActionIcon variant="default" size={30} aria-label={`More for ${sync.doc.name}`}>
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconEdit size={16} />} onClick={() => navigate(editSyncAddress(sync.id))}>
            Edit
          </Menu.Item>
          <Menu.Item
            leftSection={<IconHistory size={16} />}
            onClick={() => navigate(syncAddress(sync.id, { tab: "history" }))}
          >
            History
          </Menu.Item>
          {isUnfinished(sync) && (
            <Menu.Item leftSection={<IconRotate2 size={16} />} disabled={running} onClick={onAnew}>
              Begin anew: send all rows again
            </Menu.Item>
          )}
          <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={() => setDeleting(true)}>
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <DeleteSync sync={sync} opened={deleting} onClose={() => setDeleting(false)} />
    </>
  );
}

interface DeleteSyncProps {
  sync: SyncInfo;
  opened: boolean;
  onClose(): void;
}

function DeleteSync({ sync, opened, onClose }: DeleteSyncProps) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const remove = useMutation({
    mutationFn: () => rpc("sync_delete", { id: sync.id }),
    onSuccess: async () => {
      onClose();
      navigate("/migrate");
      await client.invalidateQueries({ queryKey: ["syncs"] });
    },
  });
  const close = () => {
    remove.reset();
    onClose();
  };
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={`Delete the sync ${sync.doc.name}?`}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Stack gap="md">
        <Text>
          Its settings, its history and its receipts are deleted, and it cannot go on where it stopped. What it has sent
          stays in {sync.connection_name}, and your tables stay as they are.
        </Text>
        {remove.error && <ProblemNotice problem={toProblem(remove.error)} compact />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Keep it
          </Button>
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
            Delete sync
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
