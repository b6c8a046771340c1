// The desktop window, driven through WebDriver: tauri-driver in front of WebKitGTK's own driver.

import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { Builder, By, Capabilities, Key, until } from "selenium-webdriver";
import { cloudPulse, failures, tauriDriver, temporaryFolder } from "./paths.mjs";

export { By, Key, until };

const WAIT_MS = 20_000;

/** Opens the window on a workspace of its own; `close` ends the window and its drivers. */
export async function openWindow(workspace = temporaryFolder()) {
  const [port, nativePort] = [await freePort(), await freePort()];
  const driver = spawn(tauriDriver(), ["--port", String(port), "--native-port", String(nativePort)], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  const kill = () => driver.kill("SIGTERM");
  process.once("exit", kill);
  const ended = new Promise((_, reject) => {
    driver.once("error", (error) => reject(new Error(`The desktop window needs tauri-driver: ${error.message}`)));
    driver.once("exit", (code) => reject(new Error(`tauri-driver ended at once with code ${code}`)));
  });
  // Nobody waits for it any more once the window is open.
  ended.catch(() => undefined);
  await Promise.race([ended, answers(port)]);
  const options = { application: cloudPulse(), args: ["--workspace", workspace] };
  const capabilities = new Capabilities().set("tauri:options", options).setBrowserName("wry");
  const session = await Promise.race([
    ended,
    new Builder().withCapabilities(capabilities).usingServer(`http://127.0.0.1:${port}/`).build(),
  ]);
  const close = async () => {
    await session.quit().catch(() => undefined);
    process.off("exit", kill);
    kill();
  };
  return { session, workspace, close, ...verbs(session) };
}

/** What a person does with the window, in words. */
function verbs(session) {
  const visible = (locator) =>
    session.wait(until.elementIsVisible(session.wait(until.elementLocated(locator), WAIT_MS)), WAIT_MS);
  const withText = (text) => {
    const holds = `contains(normalize-space(.), ${literal(text)})`;
    return By.xpath(`//body//*[${holds}][not(*[${holds}])][not(self::script or self::style)]`);
  };
  const named = (name) =>
    By.xpath(
      `//*[self::button or @role='tab' or @role='button'][@aria-label=${literal(name)} or normalize-space(.)=${literal(name)}]`,
    );
  return {
    /** Waits until a text is on the page. */
    see: (text) => visible(withText(text)),
    /** Clicks the button or tab of that name. */
    click: async (name) => {
      const element = await visible(named(name));
      await session.wait(until.elementIsEnabled(element), WAIT_MS);
      await element.click();
    },
    /** Opens a view by its address behind the `#`. */
    visit: (hash) => session.executeScript("window.location.hash = arguments[0]", hash),
    /** Waits until a cell or header of a grid holds the text; the grid is a canvas with a table inside for readers. */
    cell: (text) =>
      session.wait(
        async () => {
          const cells = await session.executeScript(
            "return [...document.querySelectorAll('canvas [role=gridcell], canvas [role=columnheader]')].map(each => each.textContent)",
          );
          return cells.some((each) => each.includes(text)) || undefined;
        },
        WAIT_MS,
        `no cell with “${text}”`,
      ),
    picture: async (name) => {
      mkdirSync(failures, { recursive: true });
      const path = join(failures, `${name.replace(/\W+/g, "-")}.png`);
      writeFileSync(path, await session.takeScreenshot(), "base64");
      return path;
    },
  };
}

function literal(text) {
  return text.includes("'") ? `"${text}"` : `'${text}'`;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Waits until something listens on the port; asking for its status would be passed on to a driver not yet up. */
async function answers(port) {
  for (let tries = 0; tries < 200; tries++) {
    const up = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`tauri-driver does not answer on port ${port}`);
}
