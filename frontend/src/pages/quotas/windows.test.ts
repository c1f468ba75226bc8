import { expect, it } from "vitest";

import { nextCallAt, shareOf, spanInWords, standingAt, type Provider, type QuotaWindow } from "./windows";

const NOW = Date.parse("2010-05-06T18:00:00Z");
const leaves = (...seconds: number[]) => seconds.map((each) => new Date(NOW + each * 1000).toISOString());

function quota(limit: number, resting: string[], only: QuotaWindow["only"] = null): QuotaWindow {
  return { max_calls: limit, span_s: 60, resting: resting.length, next_free: leaves(0)[0] ?? "", only, leaves: resting };
}

it("counts calls down as they leave, and says when a slot frees", () => {
  const window = quota(3, leaves(10, 20, 30));
  expect(standingAt(window, NOW)).toEqual({ used: 3, limit: 3, freeAt: NOW + 10_000, emptyAt: NOW + 30_000 });
  expect(standingAt(window, NOW + 10_000)).toMatchObject({ used: 2, freeAt: null });
  expect(standingAt(window, NOW + 30_000)).toEqual({ used: 0, limit: 3, freeAt: null, emptyAt: null });
});

it("waits for as many to leave as a lowered limit is over", () => {
  const standing = standingAt(quota(1, leaves(10, 20, 30)), NOW);
  expect(standing.freeAt).toBe(NOW + 30_000);
  expect(shareOf(standing)).toBe(1);
});

it("lets the next call go when the slowest window has a slot and the block is over", () => {
  const provider = {
    windows: [quota(1, leaves(10)), quota(2, leaves(10)), quota(1, leaves(50), "background")],
    blocked_until: null,
  } as unknown as Provider;
  expect(nextCallAt(provider, NOW)).toBe(NOW + 10_000);
  expect(nextCallAt(provider, NOW + 10_000)).toBeNull();
  const blocked = { ...provider, blocked_until: leaves(40)[0] ?? null };
  expect(nextCallAt(blocked, NOW)).toBe(NOW + 40_000);
});

it.each([
  [1, "second"],
  [60, "minute"],
  [90_000, "25 hours"],
  [86_400, "day"],
  [0.5, "0.5 seconds"],
])("says %d s as %s", (seconds, words) => {
  expect(spanInWords(seconds)).toBe(words);
});
