import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "@playwright/test";

const URL = process.env["GROAT_URL"] ?? "http://127.0.0.1:8000";
const RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"];

test("windows, reasons and the simulation are shown", async ({ page }) => {
  await page.goto(`${URL}/quotas`);
  await expect(page.getByRole("meter", { name: "Calls in any minute" }).first()).toBeVisible();
  await page.getByRole("tab", { name: /What waits/ }).click();
  await expect(page.getByRole("columnheader", { name: "Why it waits" })).toBeVisible();
  await page.getByRole("button", { name: "Simulate" }).click();
  await expect(page.getByText(/^Adding 300 symbols (finishes \w+day|does not finish|asks for nothing)/)).toBeVisible({
    timeout: 60_000,
  });
  await page.getByRole("tab", { name: "polygon" }).click();
  await expect(page.getByRole("table", { name: "Calls to polygon" })).toBeVisible();
});

for (const scheme of ["light", "dark"] as const) {
  test(`the page has no barrier and fits a phone, ${scheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme });
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await page.goto(`${URL}/quotas`);
      await expect(page.getByRole("meter").first()).toBeVisible();
      await expect(page.getByRole("tab", { name: /What waits/ })).toBeVisible({ timeout: 30_000 });
      await page.screenshot({ path: `e2e/shots/quotas-${scheme}-${width}.png`, fullPage: true });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    }
    const found = await new AxeBuilder({ page }).withTags(RULES).analyze();
    expect(found.violations).toEqual([]);
  });
}
