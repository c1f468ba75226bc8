import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { renewer } from "./live";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function oldAfter(events: string[]) {
  const queries = new QueryClient();
  const keys = [["market", "day"], ["health"], ["pipelines"]];
  for (const key of keys) queries.setQueryData(key, 1);
  const invalidate = vi.spyOn(queries, "invalidateQueries");
  const renew = renewer(queries, 1_000);
  for (const event of events) renew({ id: "1-0", event, data: {} });
  expect(invalidate).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1_000);
  return { calls: invalidate.mock.calls.length, old: keys.filter((key) => queries.getQueryState(key)?.isInvalidated) };
}

test("a burst of events renews what it is about, once", () => {
  expect(oldAfter(["bars", "bars", "pipeline"])).toEqual({ calls: 1, old: [["market", "day"], ["pipelines"]] });
});

test("a reset renews everything", () => {
  expect(oldAfter(["reset"]).old).toHaveLength(3);
});

test("an event that nobody knows renews nothing", () => {
  expect(oldAfter(["weather"])).toEqual({ calls: 0, old: [] });
});
