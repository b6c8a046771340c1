import { Anchor, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useLocation } from "wouter";
import type { ConnectionInfo } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";
import { ProblemNotice } from "../../shared/ProblemNotice";

interface DeleteDialogProps {
  connection: ConnectionInfo;
  opened: boolean;
  onClose(): void;
}

/** Says what deleting a connection takes away; where sources use it, it names them and goes no further. */
export function DeleteDialog({ connection, opened, onClose }: DeleteDialogProps) {
  const [, navigate] = useLocation();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => rpc("connection_delete", { id: connection.id }),
    onSuccess: async () => {
      navigate("/connections");
      await client.invalidateQueries({ queryKey: ["connections"] });
    },
  });
  const users = connection.used_by;
  const close = () => {
    remove.reset();
    onClose();
  };
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={users.length > 0 ? `${connection.name} is in use` : `Delete ${connection.name}?`}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Stack gap="md">
        {users.length > 0 ? (
          <Text>
            It cannot be deleted while these use it: <strong>{users.join(", ")}</strong>. Delete them or let them use
            another connection first, on the pages{" "}
            <Anchor component={Link} href="/sources" inherit>
              Sources
            </Anchor>{" "}
            and{" "}
            <Anchor component={Link} href="/migrate" inherit>
              Migrate
            </Anchor>
            .
          </Text>
        ) : (
          <Text>Its settings and its saved passwords and keys are deleted. Tables that were imported stay.</Text>
        )}
        {remove.error && <ProblemNotice problem={toProblem(remove.error)} compact />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            {users.length > 0 ? "Close" : "Keep it"}
          </Button>
          {users.length === 0 && (
            <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
              Delete connection
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}
