import { describe, expect, it } from "vitest";
import { gapsOf, indexFrom, movingMean, toBars } from "./bars";
import { logicalRange, searchOf, spanStart, viewOf } from "./spans";
import { changeText, stopIndex, stopsOf, stopText, type Change } from "./stops";

const change = (on: string, kind: Change["kind"], count = 1): Change => ({ on, kind, count, earliest: "x", subjects: ["x"] });
const CHANGES = [change("2010-05-07", "bars_corrected"), change("2010-05-07", "split"), change("2010-04-28", "bars_late", 70)];

describe("bars", () => {
  it("become columns of numbers; a symbol without bars has empty ones", () => {
    const columns = { symbol: "A", session: ["2010-05-06"], open: [2], high: [4], low: [1], close: [3], volume: [9] };
    expect([...toBars({ symbols: [columns] }).high]).toEqual([4]);
    expect(toBars({ symbols: [] }).close).toHaveLength(0);
  });
  it("have means only where there are enough closes", () => {
    expect([...movingMean(Float64Array.of(1, 2, 3, 6), 2)]).toEqual([NaN, 1.5, 2.5, 4.5]);
    expect([...movingMean(Float64Array.of(1), 2)]).toEqual([NaN]);
  });
  it("have a gap where more than a long weekend is missing", () => {
    const sessions = ["2010-04-30", "2010-05-04", "2010-05-14"];
    expect(gapsOf(sessions, 5)).toEqual([{ after: "2010-05-04", before: "2010-05-14" }]);
    expect(indexFrom(sessions, "2010-05-01")).toBe(1);
    expect(indexFrom(sessions, "2011-01-01")).toBe(3);
  });
});

describe("spans", () => {
  it("begin on a day that exists", () => {
    expect(spanStart("1m", "2010-03-31")).toBe("2010-02-28");
    expect(spanStart("1y", "2012-02-29")).toBe("2011-02-28");
    expect(spanStart("1w", "2010-05-07")).toBe("2010-05-01");
    expect(spanStart("1d", "2010-05-07")).toBe("2010-05-07");
    expect(spanStart("all", "2010-05-07")).toBeNull();
  });
  it("are kept where bars begin later", () => {
    const sessions = ["2010-05-05", "2010-05-06", "2010-05-07"];
    expect(logicalRange({ span: "1d", timeframe: "1d" }, sessions)).toEqual({ from: 1.5, to: 2.5 });
    expect(logicalRange({ span: "all", timeframe: "1d" }, sessions)).toEqual({ from: -0.5, to: 2.5 });
    expect(logicalRange({ span: "1m", timeframe: "1d" }, sessions).from).toBeLessThan(-15);
    expect(logicalRange({ span: "1m", timeframe: "1d" }, [])).toEqual({ from: 0, to: 1 });
  });
  it("go through the address and back, and nonsense is the usual", () => {
    const search = "?span=all&timeframe=1w&adjusted=none&as_of=2010-05-06";
    expect(searchOf(viewOf(search))).toBe(search);
    expect(searchOf(viewOf("?span=9y&adjusted=x&as_of=yesterday"))).toBe("");
  });
});

describe("the as-of slider", () => {
  const stops = stopsOf(CHANGES);
  it("stops once a day on which something changed, the oldest first", () => {
    expect(stops).toEqual([
      { day: "2010-04-28", told: "70 bars came late" },
      { day: "2010-05-07", told: "1 bar corrected, 1 split told or changed" },
    ]);
    expect(changeText({ kind: "dividend", count: 2 })).toBe("2 dividends told or changed");
  });
  it("stands at the last stop before any day, and says what comes later", () => {
    expect(stopIndex(stops, null)).toBe(2);
    expect(stopIndex(stops, "2010-05-06")).toBe(0);
    expect(stopIndex(stops, "2010-05-07T18:45:00Z")).toBe(1);
    expect(stopText(stops, 0)).toBe("known on 2010-04-28: 70 bars came late; changed on 1 later day");
    expect(stopText(stops, 1)).toContain("nothing changed later");
    expect(stopText(stops, 2)).toBe("what is known now");
  });
});
