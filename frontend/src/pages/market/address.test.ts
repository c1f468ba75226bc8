import { expect, test } from "vitest";
import { addressOf, asked } from "./address";

test.each([
  [null, "all", "/"],
  ["2010-05-06", "all", "/?session=2010-05-06"],
  ["2010-05-06", "sp500", "/?session=2010-05-06&universe=sp500"],
] as const)("an address says what is asked: %s of %s", (session, universe, address) => {
  expect(addressOf(session, universe)).toBe(address);
  expect(asked(address.slice(2))).toEqual({ session, universe });
});

test("what is no session or universe means the latest of all", () => {
  expect(asked("session=yesterday&universe=moon")).toEqual({ session: null, universe: "all" });
});
