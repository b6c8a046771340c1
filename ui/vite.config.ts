import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const here = fileURLToPath(new URL(".", import.meta.url));

/**
 * The desktop window freezes `Object.prototype`, after which an assignment such as `prototype.valueOf = …` throws.
 * apache-arrow makes its big numbers that way; this lets it define those methods instead.
 */
function ownMethods(): Plugin {
  return {
    name: "own-methods",
    transform(code, id) {
      if (!id.endsWith("apache-arrow/util/bn.mjs")) return;
      const define = `function define(target, ...sources) {
        for (const source of sources) Object.defineProperties(target, Object.getOwnPropertyDescriptors(source));
      }`;
      return code
        .replace(/^BigNum\.prototype\.(\w+) = (.*);$/gm, "define(BigNum.prototype, { $1: $2 });")
        .replace(/Object\.assign\((\w+BigNum\.prototype), /g, "define($1, ")
        .concat(define);
    },
  };
}

// The same files are served by the desktop window (custom protocol) and by `pulse serve`, so every address is relative.
// Nothing is inlined as a data: URL because the content security policy allows the page's own origin only.
export default defineConfig({
  root: here,
  base: "./",
  cacheDir: "../node_modules/.vite",
  plugins: [react(), ownMethods()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    sourcemap: false,
    assetsInlineLimit: 0,
    target: "es2022",
    chunkSizeWarningLimit: 900,
  },
  server: { port: 5173, strictPort: true },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/shared/test-setup.ts"],
    // A test that types and clicks takes a second; on a machine that compiles meanwhile, ten.
    testTimeout: 30_000,
  },
});
