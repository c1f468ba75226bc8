import { expect, test } from "@playwright/test";

const url = process.env["GROAT_URL"] ?? "http://127.0.0.1:8000";

test("a newcomer reads what happened on 6 May 2010, and goes on to the next day", async ({ page }) => {
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  await page.goto(`${url}/?session=2010-05-06`);
  await expect(page.getByRole("heading", { level: 1, name: "Thursday, 6 May 2010" })).toBeVisible();
  await expect(page.getByRole("heading", { name: /A plunge during the day/ })).toBeVisible();
  await expect(page.getByText(/of \d+ shares fell/)).toBeVisible();
  await expect(page.getByText(/below the close before. About \d+.% of that was regained/)).toBeVisible();
  await expect(page.getByRole("tab", { name: "Deepest during the day", selected: true })).toBeVisible();
  await page.screenshot({ path: "e2e/shots/market.png", fullPage: true });
  // The README's picture: the first screen, as docs/_static/market.png.
  await page.setViewportSize({ width: 1280, height: 880 });
  await page.screenshot({ path: "e2e/shots/readme.png" });
  await page.getByRole("link", { name: /^7 May 2010: median/ }).click();
  await expect(page).toHaveURL(/session=2010-05-07/);
  await expect(page.getByRole("heading", { level: 1, name: "Friday, 7 May 2010" })).toBeVisible();
  expect(errors).toEqual([]);
});

test("a day without bars says so and leads back", async ({ page }) => {
  await page.goto(`${url}/?session=2010-05-08`);
  await expect(page.getByRole("alert")).toContainText("No bar of 2010-05-08 is stored");
  await page.getByRole("link", { name: "Show the latest session" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText(/day, /);
});

test("the index's members can be asked for alone", async ({ page }) => {
  await page.goto(`${url}/?session=2010-05-06`);
  await page.getByLabel("Shares").selectOption("sp500");
  await expect(page).toHaveURL(/universe=sp500/);
  await expect(page.getByText(/of 4\d\d shares fell/)).toBeVisible();
});
