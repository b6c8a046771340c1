import { Button, Group, Modal, PasswordInput, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { Problem, SecretsStatus } from "../generated/rpc";
import { onLocked, rpc, toProblem } from "../platform";
import { ProblemNotice } from "../shared/ProblemNotice";
import { answerPassphrase, askPassphrase, usePassphraseAsked } from "../shared/passphrase";

/** Asks for the passphrase of the secrets, wherever one is needed. */
export function PassphraseDialog() {
  const asked = usePassphraseAsked();
  useEffect(() => onLocked(askPassphrase), []);
  return (
    <Modal
      opened={asked}
      onClose={() => answerPassphrase(false)}
      title="Passwords and keys"
      size="md"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {asked && <Asking />}
    </Modal>
  );
}

function Asking() {
  const status = useQuery({
    queryKey: ["secrets"],
    queryFn: () => rpc("secrets_status", {}),
    staleTime: 0,
    gcTime: 0,
  });
  if (status.error) {
    return <ProblemNotice problem={toProblem(status.error)} action={{ label: "Try again", run: status.refetch }} />;
  }
  if (!status.data) return <Skeleton h={120} />;
  return <PassphraseForm status={status.data} />;
}

function PassphraseForm({ status }: { status: SecretsStatus }) {
  const first = status.store === "none";
  const [passphrase, setPassphrase] = useState("");
  const [again, setAgain] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const differs = first && again !== "" && again !== passphrase;
  const ready = passphrase !== "" && (!first || again === passphrase);
  const open = async () => {
    setBusy(true);
    setProblem(null);
    try {
      const { unlocked, detail } = await rpc("secrets_unlock", { passphrase });
      if (unlocked) answerPassphrase(true);
      else setProblem({ code: "secrets_locked", message: detail });
    } catch (error) {
      setProblem(toProblem(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) void open();
      }}
    >
      <Stack gap="sm">
        <Text>
          {first
            ? "Choose a passphrase. Passwords and keys of connections are kept in a file encrypted with it; it is asked for once each time the program starts, and it cannot be recovered."
            : "The passwords and keys of your connections are encrypted. Write the passphrase to use them."}
        </Text>
        {status.detail !== "" && (
          <Text size="xs" c="dimmed">
            {status.detail}
          </Text>
        )}
        <PasswordInput
          label="Passphrase"
          value={passphrase}
          autoComplete={first ? "new-password" : "current-password"}
          data-autofocus
          visibilityToggleButtonProps={{ "aria-label": "Show the passphrase", tabIndex: 0 }}
          onChange={(event) => setPassphrase(event.currentTarget.value)}
        />
        {first && (
          <PasswordInput
            label="Passphrase again"
            value={again}
            autoComplete="new-password"
            error={differs ? "The two are not the same." : undefined}
            visibilityToggleButtonProps={{ "aria-label": "Show the repeated passphrase", tabIndex: 0 }}
            onChange={(event) => setAgain(event.currentTarget.value)}
          />
        )}
        {problem && <ProblemNotice problem={problem} compact />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={() => answerPassphrase(false)}>
            Cancel
          </Button>
          <Button type="submit" loading={busy} disabled={!ready}>
            {first ? "Choose this passphrase" : "Unlock"}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
