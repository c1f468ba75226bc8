import { AxeBuilder } from "@axe-core/playwright";
import { expect, test, type Page } from "@playwright/test";
import { operatorToken } from "./operator";

const URL = process.env["GROAT_URL"] ?? "http://127.0.0.1:8000";

for (const [name, scheme, width] of [["light", "light", 1280], ["dark", "dark", 1280], ["phone", "light", 390]] as const) {
  test(`the calendar and the datasets (${name})`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height: 900 });
    await page.goto(`${URL}/data-quality`);
    await expect(page.locator("[data-session]").first()).toBeVisible();
    await expect(page.getByText("NOT COMPUTED").first()).toBeVisible();
    await page.screenshot({ path: `e2e/shots/data-quality-${name}.png`, fullPage: true });
    const found = await new AxeBuilder({ page }).include("main").withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]).analyze();
    expect(found.violations).toEqual([]);
  });
}

async function openFirst(page: Page, rule: string): Promise<string> {
  await page.goto(`${URL}/data-quality?tab=quarantine&rule=${rule}`);
  const first = page.getByRole("button", { name: /^Open row/ }).first();
  const label = (await first.getAttribute("aria-label")) ?? "";
  await first.click();
  await expect(page.getByText("Among its neighbours")).toBeVisible();
  await page.getByRole("link", { name: "Sign in to decide" }).click();
  await page.getByLabel("Token", { exact: true }).fill(operatorToken());
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByLabel("Reason").fill("Decided by the browser test.");
  return label;
}

// The source of the replay's data counts volumes in 32 bits: one bar of it overflowed, and is released here for good.
test("a quarantined row is opened, released with a reason, and leaves", async ({ page }) => {
  const label = await openFirst(page, "volume_overflow");
  await page.getByRole("button", { name: /^Release/ }).click();
  await expect(page.getByRole("main").getByRole("status").filter({ hasText: "was released" })).toBeVisible();
  await expect(page.getByRole("button", { name: label, exact: true })).toHaveCount(0);
});

test("a row that the table cannot hold stays held and says so; rejected, it leaves", async ({ page }) => {
  const label = await openFirst(page, "ohlc_order");
  await page.screenshot({ path: "e2e/shots/quarantine-light.png", fullPage: true });
  const found = await new AxeBuilder({ page }).include("main").withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]).analyze();
  expect(found.violations).toEqual([]);
  await page.getByRole("button", { name: /^Release/ }).click();
  await expect(page.getByRole("alert")).toContainText("It stays held");
  await page.getByRole("button", { name: /^Reject/ }).click();
  await expect(page.getByRole("main").getByRole("status").filter({ hasText: "was rejected" })).toBeVisible();
  await expect(page.getByRole("button", { name: label, exact: true })).toHaveCount(0);
});

test("what was asked while offline comes by itself when the network is back", async ({ page, context }) => {
  await page.goto(`${URL}/data-quality`);
  await expect(page.locator("[data-session]").first()).toBeVisible();
  await context.setOffline(true);
  await page.getByRole("tab", { name: "Flags" }).click();
  await expect(page.getByRole("link", { name: /^[A-Z.]+$/ })).toHaveCount(0);
  await context.setOffline(false);
  await expect(page.getByRole("table", { name: "Stored bars in doubt" })).toBeVisible({ timeout: 15_000 });
});
