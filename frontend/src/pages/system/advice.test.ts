import { expect, test } from "vitest";
import { inOrder, partOf, seenSince, speedInWords, summaryOf } from "./advice";

const UP = { state: "up" } as const;
const DOWN = { state: "down", detail: "no answer within 1 s" } as const;

test("what is down comes first", () => {
  expect(inOrder({ postgres: UP, cache: DOWN, keeper: { state: "stale" } }).map(([name]) => name)).toEqual(["cache", "keeper", "postgres"]);
});

test("the summary names what is away", () => {
  expect(summaryOf({ status: "ok", checks: { postgres: UP } })).toEqual({ tone: "good", text: "Everything answers." });
  expect(summaryOf({ status: "degraded", checks: { postgres: UP, cache: DOWN } }).text).toContain("Cache");
  expect(summaryOf({ status: "down", checks: {} })).toEqual({ tone: "bad", text: "It cannot serve: sign in to see why." });
});

test("a part that nobody described still says where to look", () => {
  expect(partOf("mailer").remedy).toContain("ops/logs.sh mailer");
});

test("since when is counted from the last change of state", () => {
  const first = seenSince(new Map(), { cache: UP }, 1);
  expect(seenSince(first, { cache: UP }, 2).get("cache")).toEqual({ state: "up", at: 1 });
  expect(seenSince(first, { cache: DOWN }, 3).get("cache")).toEqual({ state: "down", at: 3 });
});

test("a speed is told by how long a day takes", () => {
  expect(speedInWords(1)).toBe("as fast as the machine's clock");
  expect(speedInWords(5760)).toMatch(/a day in 15 s$/);
  expect(speedInWords(60)).toMatch(/a day in 24 min$/);
});
