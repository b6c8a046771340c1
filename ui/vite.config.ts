import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const here = fileURLToPath(new URL(".", import.meta.url));

// The same files are served by the desktop window (custom protocol) and by `pulse serve`, so every address is relative.
// Nothing is inlined as a data: URL because the content security policy allows the page's own origin only.
export default defineConfig({
  root: here,
  base: "./",
  cacheDir: "../node_modules/.vite",
  plugins: [react()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    sourcemap: false,
    assetsInlineLimit: 0,
    target: "es2022",
    chunkSizeWarningLimit: 900,
  },
  server: { port: 5173, strictPort: true },
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"], setupFiles: ["src/shared/test-setup.ts"] },
});
