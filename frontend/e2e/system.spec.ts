import { AxeBuilder } from "@axe-core/playwright";
import { expect, test } from "@playwright/test";

const URL = process.env["GROAT_URL"] ?? "http://127.0.0.1:8000";

for (const [name, scheme, width] of [["light", "light", 1280], ["dark", "dark", 1280], ["phone", "light", 390]] as const) {
  test(`every part is told of (${name})`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height: 900 });
    await page.goto(`${URL}/system`);
    await expect(page.locator("[data-part=postgres]")).toContainText("Up");
    await expect(page.getByRole("main").getByText("Market time", { exact: true })).toBeVisible();
    await page.screenshot({ path: `e2e/shots/system-${name}.png`, fullPage: true });
    const found = await new AxeBuilder({ page }).include("main").withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]).analyze();
    expect(found.violations).toEqual([]);
  });
}

test("an API that is away is said with what to do, and found again by itself", async ({ page }) => {
  await page.route("**/api/health", (route) => route.abort());
  await page.goto(`${URL}/system`);
  await expect(page.getByText("The API cannot be reached")).toBeVisible();
  await expect(page.getByText("groat doctor")).toBeVisible();
  await page.unroute("**/api/health");
  await expect(page.locator("[data-part=postgres]")).toContainText("Up", { timeout: 15_000 });
});
