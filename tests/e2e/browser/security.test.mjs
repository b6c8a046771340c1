// The server answers its own page and nobody else.

import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, test } from "node:test";
import { serve } from "../support/server.mjs";

let server;
before(async () => {
  server = await serve();
});
after(() => server?.stop());

/** Sends a request with exactly these headers; `fetch` would not let a test choose the host. */
function send(path, headers = {}, method = "POST") {
  const { hostname, port } = new URL(server.origin);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers: { "content-type": "application/json", ...headers } });
    sent.on("error", reject);
    sent.on("response", (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (text) => {
        body += text;
      });
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    sent.end(method === "POST" ? "{}" : undefined);
  });
}

const REFUSED = [
  ["a command without a token", "/rpc/workspace", () => ({}), "POST"],
  ["a command with a wrong token", "/rpc/workspace", () => ({ "x-pulse-token": "0".repeat(64) }), "POST"],
  ["a command with a shorter token", "/rpc/workspace", () => ({ "x-pulse-token": server.token.slice(1) }), "POST"],
  ["a command with the token in the address only", () => `/rpc/workspace?token=${server.token}`, () => ({}), "POST"],
  [
    "a command from a foreign origin",
    "/rpc/workspace",
    () => ({ "x-pulse-token": server.token, origin: "http://evil.example" }),
    "POST",
  ],
  [
    "a command from a sandboxed page",
    "/rpc/workspace",
    () => ({ "x-pulse-token": server.token, origin: "null" }),
    "POST",
  ],
  [
    "a command to a foreign host name",
    "/rpc/workspace",
    () => ({ "x-pulse-token": server.token, host: "evil.example" }),
    "POST",
  ],
  ["the page without a token", "/", () => ({}), "GET"],
  ["the page with a wrong token", "/?token=wrong", () => ({}), "GET"],
  ["an upload without a token", "/upload?name=a.csv", () => ({}), "POST"],
  ["a download without a token", "/download?path=/etc/passwd", () => ({}), "GET"],
  ["a download outside the exports", () => `/download?path=/etc/passwd&token=${server.token}`, () => ({}), "GET"],
];

for (const [name, path, headers, method] of REFUSED) {
  test(`${name} is refused`, async () => {
    const { status, body } = await send(typeof path === "function" ? path() : path, headers(), method);
    assert.ok([401, 403].includes(status), `answered ${status}: ${body.slice(0, 200)}`);
    assert.ok(!body.includes(server.token), "the refusal must not tell the token");
    assert.ok(!body.includes("root:"), "no file of the machine may leak");
  });
}

test("its own page with the token is answered, with a strict policy", async () => {
  const page = await send(`/?token=${server.token}`, {}, "GET");
  assert.equal(page.status, 200);
  assert.match(page.headers["content-security-policy"], /default-src 'self'/);
  assert.doesNotMatch(page.headers["content-security-policy"], /unsafe-eval|script-src[^;]*unsafe-inline/);
  const command = await send("/rpc/workspace", { "x-pulse-token": server.token, origin: server.origin });
  assert.equal(command.status, 200, command.body);
});

test("an upload cannot leave its folder", async () => {
  for (const name of ["../escape.csv", "/tmp/escape.csv", "a/b.csv", "..", ""]) {
    const answer = await send(`/upload?name=${encodeURIComponent(name)}`, { "x-pulse-token": server.token });
    assert.ok(answer.status >= 400, `the name “${name}” was taken: ${answer.body}`);
  }
});

test("an unknown command is an error with a hint", async () => {
  const answer = await send("/rpc/no_such_command", { "x-pulse-token": server.token });
  assert.ok(answer.status >= 400 && answer.status < 500, `answered ${answer.status}`);
  assert.ok(JSON.parse(answer.body).message, "it says what was wrong");
});
