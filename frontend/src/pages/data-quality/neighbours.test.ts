import { expect, test } from "vitest";
import type { Bars, HeldRow } from "../../api/queries/quality";
import { linesAround, rangeAround, rowLine } from "./neighbours";

const ROW: HeldRow = {
  id: 7, dataset: "bars_daily", symbol: "C", session: "2009-12-18", rule: "volume_overflow", evidence: {},
  row: { open: 3.3, high: 3.4, low: 3.2, close: "nan", volume: 2147483600, vwap: null },
  provider: "polygon", fetch_id: 12, state: "held", known_at: "2010-04-26T20:00:00Z", decided_at: null, decided_by: null, reason: null,
};
const COLUMN = [1, 2];
const BARS = { symbols: [{ symbol: "C", session: ["2009-12-17", "2009-12-21"], open: COLUMN, high: COLUMN, low: COLUMN, close: COLUMN, volume: COLUMN }] } as unknown as Bars;

test("the held row stands in its place, the second source below it", () => {
  const lines = linesAround(ROW, "2009-12-18", BARS, [{ provider: "alpha_vantage", value: { close: 3.31 } }]);
  expect(lines.map((line) => line.kind)).toEqual(["stored", "held", "second", "stored"]);
  expect(lines[2]?.values).toMatchObject({ close: 3.31, open: null });
});

test("what was no number is shown as it was received", () => {
  expect(rowLine(ROW).values.close).toBe("nan");
});

test("without stored bars the row still shows", () => {
  expect(linesAround(ROW, "2009-12-18", undefined, [])).toHaveLength(1);
});

test("neighbours lie within a week on both sides", () => {
  expect(rangeAround("2009-12-31")).toEqual({ from: "2009-12-24", until: "2010-01-08" });
});
