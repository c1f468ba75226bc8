import { expect, test } from "vitest";
import type { DatasetQuality, SessionQuality } from "../../api/queries/quality";
import { completenessOf, inWords, monthsOf, stateOf, stepTo } from "./calendar";
import { calendarYear, exchangeDay, freshnessOf } from "./freshness";
import { gapsOf } from "./gaps";
import { ruleInWords, titleOf, total } from "./words";

function session(day: string, more: Partial<SessionQuality> = {}): SessionQuality {
  return { session: day, final: true, settled: true, expected: 500, stored: 500, held: 0, flagged: 0, ...more };
}

function dataset(more: Partial<DatasetQuality>): DatasetQuality {
  return { dataset: "bars_daily", newest: null, expected_newest: null, age_s: null, completeness: null, gaps: null, held: {}, flags: {}, last_ingest_at: null, known_at: null, provider: null, ...more };
}

const WEEK = ["2010-05-03", "2010-05-04", "2010-05-05", "2010-05-06", "2010-05-07", "2010-05-10"];

test.each([
  [{}, "whole"],
  [{ stored: 498 }, "nearly"],
  [{ stored: 470 }, "part"],
  [{ stored: 408 }, "poor"],
  [{ stored: 0, settled: false }, "missing"],
  [{ stored: 0, settled: false, final: false }, "not_final"],
  [{ stored: 0, expected: 0, settled: false }, "not_computed"],
  [{ stored: 0, expected: 0 }, "not_computed"],
] as const)("a session of %j is %s", (more, state) => {
  expect(stateOf(session("2010-05-06", more))).toBe(state);
});

test("nothing expected is not a completeness of zero", () => {
  expect(completenessOf(session("2010-05-06", { expected: 0, stored: 0 }))).toBeNull();
  expect(completenessOf(session("2010-05-06", { stored: 0 }))).toBe(0);
});

test("a cell says its counts", () => {
  expect(inWords(session("2010-05-06", { stored: 498, held: 1, flagged: 2 }))).toMatch(/498 of 500 bars \(99\.6.%\), 1 held back, 2 in doubt$/);
});

test("freshness counts sessions, not days: a weekend makes nothing late", () => {
  const friday = dataset({ newest: "2010-05-07", expected_newest: "2010-05-07" });
  expect(freshnessOf(friday, WEEK, "2010-05-10").state).toBe("fresh");
  expect(freshnessOf(dataset({ newest: "2010-05-06", expected_newest: "2010-05-07" }), WEEK, "2010-05-10").state).toBe("due");
  const late = freshnessOf(dataset({ newest: "2010-05-04", expected_newest: "2010-05-07" }), WEEK, "2010-05-10");
  expect(late).toMatchObject({ state: "late", behind: 3, text: "3 trading days behind" });
});

test("without a target, the sessions before today count", () => {
  expect(freshnessOf(dataset({ newest: "2010-05-06" }), WEEK, "2010-05-10").behind).toBe(1);
});

test("not computed is a state of its own, and says why", () => {
  expect(freshnessOf(dataset({}), WEEK, "2010-05-10")).toMatchObject({ state: "not_computed", behind: null, text: "Not computed: no provider has answered yet" });
  expect(freshnessOf(dataset({ known_at: "2010-05-04T20:00:00Z" }), WEEK, "2010-05-10").text).toContain("no whole sweep");
});

test("what is older than the known sessions is at least so late", () => {
  expect(freshnessOf(dataset({ newest: "2010-04-01", expected_newest: "2010-05-07" }), WEEK, "2010-05-10").text).toBe("at least 5 trading days behind");
});

test("the calendar is twelve whole months", () => {
  expect(calendarYear("2010-05-06")).toEqual({ from: "2009-06-01", until: "2010-06-01" });
  expect(calendarYear("2010-12-31")).toEqual({ from: "2010-01-01", until: "2011-01-01" });
});

test("the exchange's day is New York's", () => {
  expect(exchangeDay("2010-05-07T03:00:00Z")).toBe("2010-05-06");
});

test("arrows move in time and between months", () => {
  const months = monthsOf(["2010-04-29", "2010-04-30", ...WEEK].map((day) => session(day)));
  expect(months.map((month) => month.key)).toEqual(["2010-04", "2010-05"]);
  expect(stepTo(months, "2010-04-30", "ArrowRight")).toBe("2010-05-03");
  expect(stepTo(months, "2010-04-29", "ArrowDown")).toBe("2010-05-10");
  expect(stepTo(months, "2010-05-03", "ArrowUp")).toBe("2010-04-29");
  expect(stepTo(months, "2010-05-10", "ArrowRight")).toBeUndefined();
  expect(stepTo(months, "2010-05-05", "Home")).toBe("2010-04-29");
});

test("gaps are joined by reason, the latest first", () => {
  const missing = { settled: false, stored: 0 };
  const sessions = [
    session("2010-04-29", missing),
    session("2010-04-30", missing),
    session("2010-05-03"),
    session("2010-05-04", missing),
    session("2010-05-05", missing),
    session("2010-05-06", { ...missing, final: false }),
  ];
  const plan = {
    calls: [{ dataset: "bars_daily", subject: "2010-05-05", reason: "1 day late", eta: "2010-05-06T20:00:00Z", provider: "polygon" }],
    deferred: [{ dataset: "bars_daily", subject: "2010-05-04", reason: "the session is not final yet", until: null }],
  };
  const gaps = gapsOf(sessions, plan);
  expect(gaps.map((gap) => [gap.first, gap.last, gap.sessions])).toEqual([
    ["2010-05-05", "2010-05-05", 1],
    ["2010-05-04", "2010-05-04", 1],
    ["2010-04-29", "2010-04-30", 2],
  ]);
  expect(gaps[0]).toMatchObject({ until: "2010-05-06T20:00:00Z" });
  expect(gaps[1]?.reason).toBe("Waits: the session is not final yet");
  expect(gaps[2]?.reason).toContain("Before the first stored session");
});

test("a session that was answered with nothing is a gap of its own kind", () => {
  const gaps = gapsOf([session("2009-10-28"), session("2009-10-29", { stored: 0, expected: 0 })], { calls: [], deferred: [] });
  expect(gaps).toHaveLength(1);
  expect(gaps[0]?.reason).toContain("the provider has no bars");
});

test("words", () => {
  expect(titleOf("bars_daily")).toBe("Daily bars");
  expect(ruleInWords("some_rule")).toBe("some rule");
  expect(total({ a: 1, b: 2 })).toBe(3);
});
