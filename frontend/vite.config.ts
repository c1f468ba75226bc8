import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const api = process.env["GROAT_API"] ?? "http://127.0.0.1:8000";
const proxy = { "/api": { target: api }, "/problems": { target: api } };

// What production sends with the page, so that `vite preview` and the browser tests run under it too.
const policy =
  "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2023",
    // A data: URL would need an exception in the policy, and so would the inline polyfill.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    reportCompressedSize: false,
  },
  server: { host: "127.0.0.1", proxy },
  preview: { host: "127.0.0.1", proxy, headers: { "Content-Security-Policy": policy } },
  test: {
    restoreMocks: true,
    unstubGlobals: true,
    env: { TZ: "UTC" },
    // A document takes a second to make for each file, so that only components get one.
    projects: [
      { extends: true, test: { name: "logic", environment: "node", include: ["src/**/*.test.ts"] } },
      {
        extends: true,
        test: { name: "dom", environment: "jsdom", include: ["src/**/*.test.tsx"], setupFiles: ["src/testing.ts"] },
      },
    ],
  },
});
