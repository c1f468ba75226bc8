import { expect, test } from "vitest";
import { clocksAt } from "./clocks";
import type { System } from "./system";

const TOLD: System = {
  version: "0.1.0",
  environment: "dev",
  clock: "replay",
  machine_time: "2026-11-24T09:00:00Z",
  market_time: "2010-05-06T18:00:00Z",
  market_speed: 60,
  market_until: null,
};

test("both clocks run on between answers, and neither runs back", () => {
  const later = clocksAt(TOLD, 1000, 2000);
  expect(new Date(later.market).toISOString()).toBe("2010-05-06T18:01:00.000Z");
  expect(new Date(later.machine).toISOString()).toBe("2026-11-24T09:00:01.000Z");
  expect(clocksAt(TOLD, 2000, 1000).market).toBe(Date.parse(TOLD.market_time));
});

test("the market's clock stops where the replay does", () => {
  const ends = { ...TOLD, market_until: "2010-05-06T14:00:30-04:00" };
  expect(new Date(clocksAt(ends, 1000, 9000).market).toISOString()).toBe("2010-05-06T18:00:30.000Z");
});
