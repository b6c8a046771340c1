import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useLocation } from "wouter";
import type { TableDetail } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";
import { counted } from "../../shared/format";
import { ProblemNotice } from "../../shared/ProblemNotice";

interface Props {
  detail: TableDetail;
  opened: boolean;
  onClose(): void;
}

/** Removes a table after saying what goes and how to get it back. */
export function RemoveDialog({ detail: { info, newest_version: newest }, opened, onClose }: Props) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const remove = useMutation({
    mutationFn: () => rpc("table_remove", { table: info.table }),
    onSuccess: () => client.invalidateQueries(),
  });
  const leave = () => {
    onClose();
    navigate("/tables");
  };
  return (
    <Modal
      opened={opened}
      onClose={remove.data ? leave : onClose}
      title={remove.data ? `${info.table} was removed` : `Remove ${info.table}`}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Stack gap="md">
        {remove.data ? (
          <>
            <Text>Its files were moved to</Text>
            <Text ff="monospace" fz={13} style={{ overflowWrap: "anywhere" }}>
              {remove.data.moved_to}
            </Text>
            <Text>Move the folder back into the lake to have the table again.</Text>
          </>
        ) : (
          <>
            <Text>
              The table with {counted(info.rows, "row")} and its {counted(newest + 1, "version")} leaves the workspace,
              and queries and recipes that read it stop working.
            </Text>
            <Text>
              Nothing is deleted: the files are moved to a folder that is shown here afterwards, and moving that folder
              back brings the table back. Imported files stay in landing.
            </Text>
          </>
        )}
        {remove.error && <ProblemNotice problem={toProblem(remove.error)} compact />}
        <Group justify="flex-end">
          {remove.data ? (
            <Button onClick={leave}>To the tables</Button>
          ) : (
            <>
              <Button variant="default" onClick={onClose}>
                Keep it
              </Button>
              <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
                Remove {info.table}
              </Button>
            </>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}
