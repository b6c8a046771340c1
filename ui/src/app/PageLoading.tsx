import { Skeleton, Stack } from "@mantine/core";
import { useTimeout } from "@mantine/hooks";
import { useState } from "react";

/** The shape of a page, shown when it takes longer than 150 ms. */
export function PageLoading() {
  const [late, setLate] = useState(false);
  useTimeout(() => setLate(true), 150, { autoInvoke: true });
  if (!late) return null;
  return (
    <Stack p="lg" gap="sm" aria-busy aria-label="Loading">
      <Skeleton h={28} w={240} />
      <Skeleton h={14} w={420} />
      <Skeleton h={320} />
    </Stack>
  );
}
