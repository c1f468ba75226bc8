import { defineConfig } from "@playwright/test";

// Against a stack that runs: `GROAT_URL=http://127.0.0.1:8000 npm run e2e`.
export default defineConfig({
  testDir: "e2e",
  timeout: 60_000,
  workers: 1,
  reporter: "list",
  use: {
    baseURL: process.env["GROAT_URL"] ?? "http://127.0.0.1:8000",
    browserName: "chromium",
    locale: "en-GB",
    timezoneId: "UTC",
    launchOptions: { executablePath: process.env["GROAT_CHROMIUM"] ?? "/usr/bin/chromium", args: ["--no-sandbox"] },
  },
});
