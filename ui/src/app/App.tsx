import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { Router } from "wouter";
import { Frame } from "./Frame";
import { useHashAddress } from "./location";
import { colorSchemes, cssVariables, theme } from "./theme";

// The engine is on the same machine: an error is an answer, not a hiccup of the network worth asking again for.
const client = new QueryClient({
  defaultOptions: { queries: { retry: false, refetchOnWindowFocus: false }, mutations: { retry: false } },
});

/** The whole window. */
export function App() {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      colorSchemeManager={colorSchemes}
      defaultColorScheme="auto"
    >
      <QueryClientProvider client={client}>
        <Router hook={useHashAddress} searchHook={useHashAddress.searchHook}>
          <Frame />
        </Router>
        <Notifications position="top-right" limit={3} mt={52} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
