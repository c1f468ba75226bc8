import { AxeBuilder } from "@axe-core/playwright";
import { expect, test } from "@playwright/test";
import { operatorToken } from "./operator";

const URL = process.env["GROAT_URL"] ?? "http://127.0.0.1:8000";

test("a token is checked, leads back, shows its end, and is forgotten", async ({ page }) => {
  const token = operatorToken();
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(`${URL}/sign-in?back=%2Fsystem`);
  await page.getByLabel("Token", { exact: true }).fill("groat token");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("That is the command.")).toBeVisible();
  await page.getByLabel("Token", { exact: true }).fill("a.b.c");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("Not signed in.")).toBeVisible();
  expect((await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]).analyze()).violations).toEqual([]);
  await page.screenshot({ path: "e2e/shots/sign-in-light.png", fullPage: true });
  await page.getByLabel("Token", { exact: true }).fill(`Bearer ${token}`);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(`${URL}/system`);
  await page.goto(`${URL}/sign-in`);
  await expect(page.getByText("operator", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByLabel("Token", { exact: true })).toBeVisible();
  expect(asked.some((url) => url.includes(token))).toBe(false);
});
