import { describe, expect, it } from "vitest";

import { dayEdges, frameOf, mergeRuns, placeOf, stateOf, tally, timeMarks, type Run } from "./timeline";

const NOW = Date.parse("2026-11-23T14:00:00Z");
const MINUTE = 60_000;

function run(id: number, from: number, until: number | null, state: Run["state"] = "done"): Run {
  const time = (minutes: number) => new Date(NOW + minutes * MINUTE).toISOString();
  return {
    id,
    pipeline: "daily_bars",
    window: `w${id}`,
    args: {},
    state,
    created_at: time(from),
    ended_at: until === null ? null : time(until),
    steps: {},
  };
}

describe("mergeRuns", () => {
  const frame = frameOf(3_600, NOW);

  it("makes one bar of runs that overlap, whatever their order", () => {
    const bars = mergeRuns([run(3, -10, -5), run(1, -40, -20), run(2, -30, -15)], frame, NOW, 0);
    expect(bars.map((bar) => bar.runs.map((each) => each.id))).toEqual([[1, 2], [3]]);
    expect(bars[0]).toMatchObject({ from: NOW - 40 * MINUTE, until: NOW - 15 * MINUTE });
  });

  it("keeps the longest end when a short run lies within a long one", () => {
    const [bar] = mergeRuns([run(1, -50, -10), run(2, -40, -30)], frame, NOW, 0);
    expect(bar?.until).toBe(NOW - 10 * MINUTE);
  });

  it("ends a run that goes on at now, and cuts one that began before the frame", () => {
    const [bar] = mergeRuns([run(1, -300, null, "running")], frame, NOW, 0);
    expect(bar).toMatchObject({ from: frame.from, until: NOW });
  });

  it("leaves out what ended before the frame, and joins what is too close to be told apart", () => {
    expect(mergeRuns([run(1, -90, -61)], frame, NOW, 0)).toEqual([]);
    expect(mergeRuns([run(1, -30, -20), run(2, -19, -10)], frame, NOW, 2 * MINUTE)).toHaveLength(1);
  });
});

it("shows a failure first, then what goes on", () => {
  const runs = [run(1, -3, -2), run(2, -2, null, "running")];
  expect(stateOf(runs)).toBe("running");
  expect(stateOf([...runs, run(3, -5, -4, "failed")])).toBe("failed");
  expect(stateOf([])).toBe("done");
  expect(tally(runs)).toEqual({ running: 1, done: 1, failed: 0 });
});

it("places moments within the frame, and leaves room after now", () => {
  const frame = frameOf(3_600, NOW);
  expect(placeOf(frame.from - 1, frame)).toBe(0);
  expect(placeOf(frame.until + 1, frame)).toBe(1);
  expect(placeOf(NOW, frame)).toBeCloseTo(1 / 1.06);
});

describe("day edges", () => {
  it("are midnights of the zone, 25 hours apart where the clock goes back", () => {
    const frame = { from: Date.parse("2026-10-31T12:00:00Z"), until: Date.parse("2026-11-02T12:00:00Z") };
    const edges = dayEdges(frame, "America/New_York", "en-GB");
    expect(edges.map((edge) => new Date(edge.at).toISOString())).toEqual([
      "2026-11-01T04:00:00.000Z",
      "2026-11-02T05:00:00.000Z",
    ]);
    expect(edges[0]?.label).toContain("1 Nov");
  });

  it("are 23 hours apart where the clock goes forward", () => {
    const frame = { from: Date.parse("2026-03-07T12:00:00Z"), until: Date.parse("2026-03-09T12:00:00Z") };
    const [first, second] = dayEdges(frame, "America/New_York");
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBe(23 * 3_600_000);
  });

  it("do not repeat as time marks, which are round times of the zone", () => {
    const frame = { from: Date.parse("2026-11-23T17:20:00Z"), until: Date.parse("2026-11-23T19:40:00Z") };
    const marks = timeMarks(frame, "Asia/Kolkata", 6, "en-GB");
    expect(marks.map((mark) => mark.label)).toEqual(["23:00", "23:30", "00:30", "01:00"]);
    expect(timeMarks({ from: 0, until: 8 * 86_400_000 }, "UTC", 6)).toEqual([]);
  });
});
