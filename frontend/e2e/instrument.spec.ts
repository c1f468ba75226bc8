import { expect, test } from "@playwright/test";

const url = process.env["GROAT_URL"] ?? "http://127.0.0.1:8000";

test("a reader opens a share, looks further back, asks what was known then, and where a bar comes from", async ({ page }) => {
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  const asked: string[] = [];
  page.on("request", (request) => { if (/\/api\/(bars|quotes|actions|instruments)/.test(request.url())) asked.push(request.url()); });
  await page.goto(`${url}/instruments/AAPL`);
  const chart = page.getByRole("group", { name: /^Chart of AAPL/ });
  await expect(chart).toBeVisible();
  expect(asked.length).toBeLessThanOrEqual(4);
  await page.getByRole("radio", { name: "3m" }).check({ force: true });
  await expect(page).toHaveURL(/span=3m/);
  await page.getByLabel("Adjusted").selectOption("none");
  await expect(page).toHaveURL(/adjusted=none/);
  await chart.focus();
  await page.keyboard.press("ArrowLeft");
  await expect(page.getByText(/SHA-256/).first()).toBeVisible();
  await page.screenshot({ path: "e2e/shots/instrument.png", fullPage: true });
  const slider = page.getByRole("slider", { name: "As of" });
  await slider.focus();
  await page.keyboard.press("ArrowLeft");
  await expect(page).toHaveURL(/as_of=\d{4}-\d\d-\d\d/);
  await expect(slider).toHaveAttribute("aria-valuetext", /^known on \d{4}/);
  await expect(page.getByText(/This is what was known at the end of/)).toBeVisible();
  await page.screenshot({ path: "e2e/shots/instrument-then.png", fullPage: true });
  await page.getByRole("button", { name: "Back to now" }).click();
  await expect(page).not.toHaveURL(/as_of/);
  expect(errors).toEqual([]);
});

test("a share that nobody knows is said to be unknown", async ({ page }) => {
  await page.goto(`${url}/instruments/NOBODY`);
  await expect(page.getByRole("alert").first()).toContainText("NOBODY");
});

test("on a phone nothing is wider than the screen", async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 780 });
  await page.goto(`${url}/instruments/AAPL`);
  await expect(page.getByRole("group", { name: /^Chart of AAPL/ })).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
});
