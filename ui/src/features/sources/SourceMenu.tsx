import { ActionIcon, Button, Group, Menu, Modal, Stack, Text } from "@mantine/core";
import { IconDots, IconEdit, IconPlayerTrackPrev, IconRefreshDot, IconTrash } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import type { RefreshRequest, SourceInfo } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";
import { sourceAddress } from "../../shared/addresses";
import { ProblemNotice } from "../../shared/ProblemNotice";

interface SourceMenuProps {
  source: SourceInfo;
  onRefresh(how: Partial<RefreshRequest>): void;
}

/** What is done less often with a source. */
export function SourceMenu({ source, onRefresh }: SourceMenuProps) {
  const [, navigate] = useLocation();
  const [deleting, setDeleting] = useState(false);
  const running = source.state === "running";
  return (
    <>
      <Menu position="bottom-end" width={260}>
        <Menu.Target>
          <ActionIcon variant="default" size={30} aria-label={`More for ${source.doc.name}`}>
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconEdit size={16} />} onClick={() => navigate(sourceAddress(source.id))}>
            Edit
          </Menu.Item>
          <Menu.Item
            leftSection={<IconRefreshDot size={16} />}
            disabled={running}
            onClick={() => onRefresh({ full: true })}
          >
            Full refresh: read everything again
          </Menu.Item>
          {source.replayable && (
            <Menu.Item
              leftSection={<IconPlayerTrackPrev size={16} />}
              disabled={running}
              onClick={() => onRefresh({ replay: true })}
            >
              Replay the last read without the network
            </Menu.Item>
          )}
          <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={() => setDeleting(true)}>
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <DeleteSource source={source} opened={deleting} onClose={() => setDeleting(false)} />
    </>
  );
}

interface DeleteSourceProps {
  source: SourceInfo;
  opened: boolean;
  onClose(): void;
}

function DeleteSource({ source, opened, onClose }: DeleteSourceProps) {
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => rpc("source_delete", { id: source.id }),
    onSuccess: async () => {
      onClose();
      await client.invalidateQueries({ queryKey: ["sources"] });
      await client.invalidateQueries({ queryKey: ["connections"] });
    },
  });
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={`Delete the source ${source.doc.name}?`}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Stack gap="md">
        <Text>
          Its settings and where it would go on are deleted. The table {source.doc.table} stays with all its versions.
        </Text>
        {remove.error && <ProblemNotice problem={toProblem(remove.error)} compact />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Keep it
          </Button>
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
            Delete source
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
