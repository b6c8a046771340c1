import { cleanup } from "@testing-library/react";
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

afterEach(cleanup);
