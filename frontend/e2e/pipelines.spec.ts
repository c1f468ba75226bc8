import AxeBuilder from "@axe-core/playwright";
import { expect, test, type Page } from "@playwright/test";

const URL = process.env["GROAT_URL"] ?? "http://127.0.0.1:8000";
const TOKEN = process.env["GROAT_TOKEN"] ?? "";
const RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"];

async function signIn(page: Page) {
  test.skip(TOKEN === "", "set GROAT_TOKEN to what `groat token` prints");
  await page.addInitScript((token) => {
    sessionStorage.setItem("groat.token", token);
  }, TOKEN);
}

test("a pipeline is started and watched to its end", async ({ page }) => {
  await signIn(page);
  await page.goto(`${URL}/pipelines`);
  await page.getByRole("button", { name: "Start calendar" }).click();
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await expect(page).toHaveURL(/\/pipelines\/runs\/\d+$/);
  await expect(page.getByText("1 of 1 steps done")).toBeVisible({ timeout: 60_000 });
  await expect(page.locator("header").getByText("done", { exact: true })).toBeVisible();
  await page.locator("summary").first().click();
  await expect(page.getByText("checked and stored").or(page.getByText("worked")).first()).toBeVisible();
});

test("a backfill asks for its dates, and refuses a span that ends before it begins", async ({ page }) => {
  await signIn(page);
  await page.goto(`${URL}/pipelines?backfill=daily_bars`);
  const dialog = page.getByRole("dialog", { name: "Backfill daily_bars" });
  await expect(dialog).toBeVisible();
  await dialog.getByLabel("From").fill("2010-04-20");
  await dialog.getByLabel("Until, not included").fill("2010-04-20");
  await dialog.getByRole("button", { name: "Start" }).click();
  await expect(dialog.getByRole("alert")).toContainText("backfill");
  await dialog.getByLabel("Until, not included").fill("2010-04-23");
  await dialog.getByRole("button", { name: "Start" }).click();
  await expect(page).toHaveURL(/\/pipelines\/runs\/\d+$/);
  await expect(page.getByText("backfill:2010-04-20..2010-04-23").first()).toBeVisible();
});

test("without the token the way leads to Sign in", async ({ page }) => {
  await page.goto(`${URL}/pipelines`);
  await page.getByRole("button", { name: "Backfill daily_bars" }).click();
  await expect(page).toHaveURL(/\/sign-in\?back=%2Fpipelines%3Fbackfill%3Ddaily_bars/);
});

for (const scheme of ["light", "dark"] as const) {
  test(`the page has no barrier and fits a phone, ${scheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme });
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await page.goto(`${URL}/pipelines`);
      await expect(page.getByRole("heading", { name: "daily_bars" })).toBeVisible();
      await page.screenshot({ path: `e2e/shots/pipelines-${scheme}-${width}.png`, fullPage: true });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    }
    const found = await new AxeBuilder({ page }).withTags(RULES).analyze();
    expect(found.violations).toEqual([]);
  });
}
