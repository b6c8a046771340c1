import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

// Mantine asks for these when it mounts; the test document has neither a screen nor a layout.
window.matchMedia ??= (query: string) =>
  ({ matches: false, media: query, addEventListener: () => undefined, removeEventListener: () => undefined }) as never;
window.ResizeObserver ??= class {
  observe() {}
  unobserve() {}
  disconnect() {}
};
if (!document.fonts) Object.defineProperty(document, "fonts", { value: new EventTarget() });

// What is waited for comes late while the machine compiles.
configure({ asyncUtilTimeout: 10_000 });

afterEach(cleanup);
