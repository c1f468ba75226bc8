import { expect, test } from "vitest";
import { ago, duration, instant, tradingDay } from "./times";

test("an instant names its zone, and keeps to it over daylight saving", () => {
  expect(instant("2010-05-06T18:45:00Z")).toBe("May 6, 2010, 14:45 EDT");
  expect(instant("2010-01-06T18:45:00Z")).toBe("Jan 6, 2010, 13:45 EST");
  expect(instant("2010-05-06T18:45:07Z", "utc", "second")).toBe("May 6, 2010, 18:45:07 UTC");
});

test("a trading day is not moved by any zone", () => {
  expect(tradingDay("2010-05-06")).toBe("May 6, 2010");
});

test("what is missing or not a time is a dash", () => {
  expect([instant(null), instant("soon"), tradingDay(undefined), duration(null)]).toEqual(Array(4).fill("–"));
});

test("a duration has its two largest units", () => {
  expect(duration(0)).toBe("0\u00a0s");
  expect(duration(0.0123)).toBe("12\u00a0ms");
  expect(duration(4.21)).toBe("4.2\u00a0s");
  expect(duration(75)).toBe("1\u00a0min 15\u00a0s");
  expect(duration(3_600)).toBe("1\u00a0h");
  expect(duration(90_061)).toBe("1\u00a0d 1\u00a0h");
  expect(duration(-5)).toBe("\u22125\u00a0s");
});

test("times before and after now", () => {
  const now = Date.parse("2010-05-06T18:45:00Z");
  expect(ago("2010-05-06T18:40:00Z", now)).toBe("5\u00a0min ago");
  expect(ago("2010-05-06T20:45:00Z", now)).toBe("in 2\u00a0h");
  expect(ago(now, now)).toBe("now");
});
