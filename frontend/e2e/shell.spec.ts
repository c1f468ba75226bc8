import AxeBuilder from "@axe-core/playwright";
import { expect, test, type Page } from "@playwright/test";

const wrong: string[] = [];

test.beforeEach(({ page }) => {
  wrong.length = 0;
  page.on("console", (message) => {
    if (message.type() === "error") wrong.push(message.text());
  });
  page.on("pageerror", (error) => wrong.push(error.message));
});

test.afterEach(() => {
  // A breach of the content security policy is told on the console too.
  expect(wrong).toEqual([]);
});

async function violations(page: Page): Promise<string[]> {
  const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
  return found.violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.html).join(" ")}`);
}

test("the palette leads to a page by keyboard alone", async ({ page }) => {
  await page.goto("/about");
  await page.getByRole("heading", { name: "Charts" }).waitFor();
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("combobox", { name: "Find" })).toBeFocused();
  expect(await violations(page)).toEqual([]);
  await page.keyboard.type("quot");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/quotas$/);
  await expect(page).toHaveTitle("Quotas · Groat");
  await expect(page.locator("#page")).toBeFocused();
});

test("the list of shortcuts opens, closes and tells the way of g", async ({ page }) => {
  await page.goto("/about");
  await page.getByRole("heading", { name: "Charts" }).waitFor();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.keyboard.press("g");
  await page.keyboard.press("p");
  await expect(page).toHaveURL(/\/pipelines$/);
});

for (const scheme of ["light", "dark"] as const) {
  test(`the frame is accessible in ${scheme}, and on a phone it does not scroll sideways`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto("/about");
    await page.getByRole("heading", { name: "Charts" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.screenshot({ path: `e2e/shots/shell-${scheme}.png` });
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    expect(await violations(page)).toEqual([]);
    await page.screenshot({ path: `e2e/shots/shell-${scheme}-phone.png` });
  });
}

test("a chosen theme stays", async ({ page }) => {
  await page.goto("/about");
  await page.getByRole("button", { name: /^Theme/ }).click();
  await page.getByRole("button", { name: /^Theme/ }).click();
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
});

test("the header says that changes arrive", async ({ page }) => {
  await page.goto("/about");
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
});

test("being offline is said, and so is being back", async ({ page, context }) => {
  await page.goto("/about");
  await page.getByText("Live", { exact: true }).waitFor();
  await context.setOffline(true);
  await expect(page.getByText(/This machine is offline/)).toBeVisible();
  await context.setOffline(false);
  await expect(page.getByText(/This machine is offline/)).toHaveCount(0);
});
