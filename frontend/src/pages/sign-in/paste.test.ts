import { expect, test } from "vitest";
import { faultOf, secondsLeft, tokenOf, wayBack } from "./paste";

test.each([
  ["a.b-c.d_e", "a.b-c.d_e"],
  ["  a.b.c\n", "a.b.c"],
  ["Bearer a.b.c", "a.b.c"],
  ["Authorization: Bearer a.b.c", "a.b.c"],
  ['"a.b.c"', "a.b.c"],
  ["a.b\n.c", "a.b.c"],
])("takes the token out of %j", (pasted, token) => {
  expect(tokenOf(pasted)).toBe(token);
});

test.each([
  ["", /Paste/],
  ["groattoken", /command/],
  ["$(groattoken)", /command/],
  ["a.b", /three parts/],
  ["x".repeat(2049), /longer/],
])("says what is wrong with %j", (token, said) => {
  expect(faultOf(token)).toMatch(said);
});

test("what may be a token is not refused here", () => {
  expect(faultOf("a.b.c")).toBeUndefined();
});

test.each([
  ["?back=%2Fdata-quality%3Frow%3D7", "/data-quality?row=7"],
  ["", "/"],
  ["?back=https%3A%2F%2Felsewhere.test", "/"],
  ["?back=%2F%2Felsewhere.test", "/"],
  ["?back=%2F%5Celsewhere.test", "/"],
  ["?back=%2F%09%2Felsewhere.test", "/"],
  ["?back=%2Fsign-in", "/"],
])("goes back from %j to %s, never to another site", (search, page) => {
  expect(wayBack(search)).toBe(page);
});

test("the time left does not depend on the reader's clock", () => {
  const told = { expires_at: "2026-11-23T15:00:00Z", machine_time: "2026-11-23T14:00:00Z" };
  expect(secondsLeft(told, 5_000, 65_000)).toBe(3540);
  expect(secondsLeft(told, 0, 10_000_000)).toBe(0);
});
