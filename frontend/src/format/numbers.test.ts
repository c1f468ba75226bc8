import { expect, test } from "vitest";
import { bytes, compact, number, percent, price } from "./numbers";

test("a missing number is a dash, and zero is not missing", () => {
  expect([number(null), number(undefined), number(NaN), percent(null), bytes(null)]).toEqual(Array(5).fill("–"));
  expect(number(0)).toBe("0");
});

test("numbers have a true minus, fixed decimals and, when asked, their sign", () => {
  expect(number(-1234.5, { decimals: 2 })).toBe("−1,234.50");
  expect(number(3, { signed: true })).toBe("+3");
  expect(number(0, { signed: true })).toBe("0");
});

test("a price has more decimals below one", () => {
  expect(price(0.0123)).toBe("0.0123");
  expect(price(1)).toBe("1.00");
  expect(price(0)).toBe("0.00");
});

test("a ratio becomes a percentage with its sign", () => {
  expect(percent(0.0123)).toBe("+1.23\u00a0%");
  expect(percent(-0.3609, 1)).toBe("−36.1\u00a0%");
  expect(percent(0.5, 0, false)).toBe("50\u00a0%");
});

test("large numbers and sizes are short", () => {
  expect(compact(1_234_567)).toBe("1.2M");
  expect(bytes(999)).toBe("999\u00a0B");
  expect(bytes(93_500)).toBe("93.5\u00a0kB");
});
