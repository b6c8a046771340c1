import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";
import { PassphraseDialog } from "../../app/PassphraseDialog";
import ConnectionsPage from "./ConnectionsPage";
import { settingsSummary } from "./summary";

const { answer } = vi.hoisted(() => ({ answer: vi.fn() }));

vi.mock("../../platform", async (original) => ({
  ...(await original<typeof import("../../platform")>()),
  rpc: answer,
}));

const asked: [string, unknown][] = [];
const requests = (command: string) => asked.filter(([name]) => name === command).map(([, request]) => request);
const engine: Record<string, (request: never) => unknown> = {};

const settings = {
  type: "object",
  properties: {
    host: { type: "string", default: "" },
    password: { type: "string", default: "", "x-secret": true },
  },
};
const saved = {
  id: "c",
  name: "Shop",
  kind: "box",
  kind_title: "Box",
  settings: { host: "db" },
  secrets: ["password"],
  origin: "saved",
  origin_detail: "",
  risks: ["TLS certificates are not verified"],
  used_by: [] as string[],
};

beforeEach(() => {
  asked.length = 0;
  answer.mockImplementation(async (command: string, request: never) => {
    asked.push([command, request]);
    return engine[command]?.(request);
  });
  Object.assign(engine, {
    connector_catalogue: () => [
      { kind: "box", title: "Box", summary: "Boxes.", description: "", group: "Things", settings, browsing: "tree" },
    ],
    connection_list: () => [saved],
    connection_save: () => saved,
    secrets_status: () => ({ store: "keyring", unlocked: true, detail: "" }),
  });
});

const user = userEvent.setup();

function show(path: string) {
  const { hook, searchHook, history } = memoryLocation({ path, record: true });
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={client}>
        <Router hook={hook} searchHook={searchHook}>
          <ConnectionsPage />
        </Router>
        <PassphraseDialog />
      </QueryClientProvider>
    </MantineProvider>,
  );
  return history;
}

const password = () => screen.findByLabelText<HTMLInputElement>("Password");

describe("a saved connection", () => {
  it("is listed with what is unsafe, and never shows its password", async () => {
    show("/connections?id=c");
    expect((await password()).value).toBe("");
    expect((await password()).placeholder).toBe("saved");
    expect(screen.getAllByText("TLS certificates are not verified").length).toBeGreaterThan(0);
  });

  it("keeps its password unless another is written or it is removed", async () => {
    show("/connections?id=c");
    await user.type(await screen.findByRole("textbox", { name: "Host" }), "2");
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect(requests("connection_save")).toMatchObject([{ id: "c", settings: { host: "db2", password: "" } }]);
    await user.click(screen.getByRole("button", { name: "Remove the saved Password" }));
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect(requests("connection_save").at(-1)).toMatchObject({ settings: { password: null } });
  });

  it("is tested as it is saved, or as the form says after an edit", async () => {
    const problem = { code: "unreachable", message: "No answer.", hint: "Check the host.", field: "host" };
    engine.connection_test = () => ({ ok: false, steps: [{ name: "Connect", detail: "", seconds: 1, problem }] });
    show("/connections?id=c");
    await user.click(await screen.findByRole("button", { name: "Test" }));
    expect(await screen.findByText("It does not work")).toBeTruthy();
    expect(screen.getAllByText("No answer.").length).toBeGreaterThan(0);
    expect(requests("connection_test")).toEqual([{ saved: { id: "c" } }]);
    await user.type(screen.getByRole("textbox", { name: "Host" }), "x");
    expect(screen.queryByText("It does not work"), "another host is another answer").toBeNull();
    await user.click(screen.getByRole("button", { name: "Test" }));
    expect(requests("connection_test").at(-1)).toMatchObject({ draft: { id: "c", settings: { host: "dbx" } } });
  });

  it("names who uses it instead of being deleted", async () => {
    engine.connection_list = () => [{ ...saved, used_by: ["orders", "customers"] }];
    show("/connections?id=c");
    await user.click(await screen.findByRole("button", { name: "Delete" }));
    expect(await screen.findByText("orders, customers")).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Delete connection" })).toBeNull();
  });
});

describe("a new connection", () => {
  it("is saved only after a passphrase was chosen where there is no keyring", async () => {
    let store = "none";
    engine.secrets_status = () => ({ store, unlocked: store !== "none", detail: "In a file." });
    engine.secrets_unlock = () => {
      store = "file";
      return { store, unlocked: true, detail: "" };
    };
    const history = show("/connections?kind=box&next=source");
    await user.type(await password(), "secret");
    await user.click(screen.getByRole("button", { name: "Save and look around" }));
    const dialog = within(await screen.findByRole("dialog"));
    await user.type(await dialog.findByLabelText("Passphrase"), "one two");
    await user.type(dialog.getByLabelText("Passphrase again"), "one tw");
    expect(dialog.getByText("The two are not the same.")).toBeTruthy();
    expect(requests("connection_save")).toEqual([]);
    await user.type(dialog.getByLabelText("Passphrase again"), "o");
    await user.click(dialog.getByRole("button", { name: "Choose this passphrase" }));
    await waitFor(() => expect(requests("connection_save")).toHaveLength(1));
    expect(requests("secrets_unlock")).toEqual([{ passphrase: "one two" }]);
    await waitFor(() => expect(history.at(-1)).toBe("/sources/new?connection=c"));
  });

  it("shows a refused name at the name", async () => {
    engine.connection_save = () => {
      throw { code: "already_exists", message: "There is another one.", field: "name" };
    };
    show("/connections?kind=box");
    await user.click(await screen.findByRole("button", { name: "Save" }));
    await waitFor(() =>
      expect(screen.getByRole("textbox", { name: "Name" }).getAttribute("aria-invalid")).toBe("true"),
    );
  });
});

it("tells a connection by its first plain settings", () => {
  const schema = {
    properties: {
      host: {},
      port: {},
      password: { "x-secret": true },
      deep: { "x-advanced": true },
      user: {},
      more: {},
    },
  };
  const members = { host: "h", port: 1, password: "p", deep: "d", user: "", more: "m" };
  expect(settingsSummary(schema, members)).toBe("h · 1 · m");
});
