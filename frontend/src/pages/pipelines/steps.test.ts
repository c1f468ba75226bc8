import { describe, expect, it } from "vitest";

import { figuresOf, groupSteps, readySince, segmentsOf, type Step, type StepSpec } from "./steps";

const T0 = Date.parse("2026-11-23T14:00:00Z");
const at = (seconds: number) => new Date(T0 + seconds * 1000).toISOString();

function spec(name: string, needs: string[], splitter: string | null = null): StepSpec {
  return { name, summary: name, needs, fan_out_of: splitter, queue: "fast", deadline_s: 60 };
}

function step(name: string, rest: Partial<Step> = {}): Step {
  return {
    run_id: 1,
    step: name,
    part: "",
    state: "done",
    needs: [],
    queue: "fast",
    attempt: 1,
    crashes: 0,
    free_at: at(0),
    args: {},
    report: null,
    error: null,
    owner: "w",
    call: null,
    started_at: at(2),
    ended_at: at(10),
    ...rest,
  };
}

describe("groupSteps", () => {
  const specs = [spec("publish", ["fetch"]), spec("fetch", [], "plan"), spec("plan", [])];

  it("orders by what is needed, fans included, not by name", () => {
    const groups = groupSteps(specs, [step("publish"), step("fetch", { part: "a" }), step("fetch", { part: "b" })]);
    expect(groups.map((group) => group.name)).toEqual(["plan", "fetch", "publish"]);
    expect(groups.map((group) => group.parts.length)).toEqual([0, 2, 1]);
  });

  it("puts a step last that a newer declaration does not have, and survives a circle", () => {
    expect(groupSteps(specs, [step("gone")]).at(-1)?.name).toBe("gone");
    expect(groupSteps([spec("a", ["b"]), spec("b", ["a"])], [])).toHaveLength(2);
  });
});

describe("segmentsOf", () => {
  it("cuts a fetch into waiting, reserving, asking and storing", () => {
    const fetch = step("fetch", {
      args: { provider: "polygon" },
      call: { provider: "polygon", at: at(4), duration_ms: 3_000, outcome: "ok" },
    });
    expect(segmentsOf(fetch, T0, T0 + 99_000).map((each) => [each.phase, (each.until - each.from) / 1000])).toEqual([
      ["wait", 2],
      ["quota", 2],
      ["fetch", 3],
      ["write", 3],
    ]);
  });

  it("lets a step that goes on end now, and a call under way with it", () => {
    const now = T0 + 20_000;
    const fetch = step("fetch", {
      state: "running",
      ended_at: null,
      args: { provider: "polygon" },
      call: { provider: "polygon", at: at(4), duration_ms: null, outcome: null },
    });
    expect(segmentsOf(fetch, T0, now).at(-1)).toMatchObject({ phase: "fetch", until: now });
  });

  it("never overlaps nor leaves its bounds when clocks disagree", () => {
    const odd = step("fetch", { call: { provider: "x", at: at(-5), duration_ms: 60_000, outcome: "ok" } });
    const segments = segmentsOf(odd, T0 + 5_000, T0 + 20_000);
    expect(segments).toEqual([{ phase: "fetch", from: T0 + 2_000, until: T0 + 10_000 }]);
  });

  it("waits from when its needs were done, and has no time before that", () => {
    const plan = step("plan", { ended_at: at(7) });
    const publish = step("publish", { state: "ready", started_at: null, ended_at: null, needs: ["plan"] });
    expect(readySince(publish, [plan, publish], T0)).toBe(T0 + 7_000);
    expect(segmentsOf(publish, T0 + 7_000, T0 + 9_000)).toEqual([
      { phase: "queue", from: T0 + 7_000, until: T0 + 9_000 },
    ]);
    expect(segmentsOf({ ...publish, state: "waiting" }, T0, T0 + 9_000)).toEqual([]);
  });
});

it("turns a report into figures with words", () => {
  const figures = figuresOf({
    done: 504,
    skipped: { answered_meanwhile: 2 },
    left: 3,
    notes: [],
    details: { bars_daily: { rows: 10, held: 0 }, through: null, all: true },
  });
  expect(figuresOf({} as Parameters<typeof figuresOf>[0])).toEqual([{ label: "done", value: 0 }]);
  expect(figures).toEqual([
    { label: "done", value: 504 },
    { label: "skipped: answered meanwhile", value: 2 },
    { label: "left for later", value: 3 },
    { label: "bars daily · rows", value: 10 },
    { label: "bars daily · held", value: 0 },
    { label: "through", value: "not told" },
    { label: "all", value: "yes" },
  ]);
});
