import type { components } from "../../api/schema";

export type Run = components["schemas"]["RunView"];

/** Runs that overlap, drawn as one bar. Times are machine time in milliseconds. */
export interface Bar {
  readonly from: number;
  readonly until: number;
  readonly runs: readonly Run[];
}

export interface Frame {
  readonly from: number;
  readonly until: number;
}

export interface Tally {
  readonly running: number;
  readonly done: number;
  readonly failed: number;
}

export interface Edge {
  readonly at: number;
  readonly label: string;
}

export const WINDOWS = [
  { seconds: 600, label: "10 minutes" },
  { seconds: 3_600, label: "1 hour" },
  { seconds: 21_600, label: "6 hours" },
  { seconds: 86_400, label: "1 day" },
  { seconds: 604_800, label: "7 days" },
] as const;

/** The part of the frame right of now, where the next runs are drawn: runs that go on must not touch the edge. */
const AHEAD = 0.06;

/** Return what a timeline shows that looks back so many seconds from now. */
export function frameOf(seconds: number, now: number): Frame {
  const span = seconds * 1000;
  return { from: now - span, until: now + span * AHEAD };
}

/** Return when a run ended; a run that goes on ends now. */
export function endOf(run: Run, now: number): number {
  return run.ended_at === null ? Math.max(now, Date.parse(run.created_at)) : Date.parse(run.ended_at);
}

/**
 * Merge the runs of one pipeline that overlap, or stand closer than `gap` milliseconds, into bars, the earliest
 * first. Runs outside of the frame are left out; bars are cut at its edges.
 */
export function mergeRuns(runs: readonly Run[], frame: Frame, now: number, gap: number): Bar[] {
  const spans = runs
    .map((run) => ({ from: Date.parse(run.created_at), until: endOf(run, now), run }))
    .filter((span) => span.until >= frame.from && span.from <= frame.until)
    .sort((one, other) => one.from - other.from || one.run.id - other.run.id);
  const bars: { from: number; until: number; runs: Run[] }[] = [];
  for (const span of spans) {
    const last = bars.at(-1);
    if (last && span.from - last.until < gap) {
      last.until = Math.max(last.until, span.until);
      last.runs.push(span.run);
    } else {
      bars.push({ from: span.from, until: span.until, runs: [span.run] });
    }
  }
  return bars.map((bar) => ({
    ...bar,
    from: Math.max(bar.from, frame.from),
    until: Math.min(bar.until, frame.until),
  }));
}

/** Say how a bar stands: what failed is seen first, then what goes on. */
export function stateOf(runs: readonly Run[]): Run["state"] {
  if (runs.some((run) => run.state === "failed")) return "failed";
  return runs.some((run) => run.state === "running") ? "running" : "done";
}

/** Count runs by state. */
export function tally(runs: readonly Run[]): Tally {
  const count = (state: Run["state"]) => runs.filter((run) => run.state === state).length;
  return { running: count("running"), done: count("done"), failed: count("failed") };
}

/** Return where a moment stands in the frame, from 0 to 1. */
export function placeOf(at: number, frame: Frame): number {
  return Math.min(1, Math.max(0, (at - frame.from) / (frame.until - frame.from)));
}

const STEPS = [60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200].map((each) => each * 1000);
const DAY = 86_400_000;

/** Return how far the clock of a zone is ahead of UTC at a moment, in milliseconds. */
export function offsetOf(at: number, zone: string): number {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(at);
  const part = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((each) => each.type === type)?.value ?? 0);
  const local = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
  return local - Math.floor(at / 1000) * 1000;
}

/** Return the moment at which the clock of a zone shows a local time, given as if it were UTC. */
function momentOf(local: number, zone: string): number {
  const guess = local - offsetOf(local, zone);
  return local - offsetOf(guess, zone);
}

/** Return the midnights of a zone within a frame: days are 23 or 25 hours long where its clock changes. */
export function dayEdges(frame: Frame, zone: string, locale?: string): Edge[] {
  const words = new Intl.DateTimeFormat(locale, { timeZone: zone, weekday: "short", day: "numeric", month: "short" });
  const edges: Edge[] = [];
  const first = Math.floor((frame.from + offsetOf(frame.from, zone)) / DAY) * DAY;
  for (let local = first; ; local += DAY) {
    const at = momentOf(local, zone);
    if (at > frame.until) return edges;
    if (at >= frame.from) edges.push({ at, label: words.format(at) });
  }
}

/** Return about `most` round times of a zone's clock within a frame; midnights are the day edges' own. */
export function timeMarks(frame: Frame, zone: string, most: number, locale?: string): Edge[] {
  const span = frame.until - frame.from;
  const step = STEPS.find((each) => span / each <= most) ?? DAY;
  if (step === DAY) return [];
  const words = new Intl.DateTimeFormat(locale, {
    timeZone: zone,
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const marks: Edge[] = [];
  const offset = offsetOf(frame.from, zone);
  for (let local = Math.ceil((frame.from + offset) / step) * step; ; local += step) {
    const at = momentOf(local, zone);
    if (at > frame.until) return marks;
    if (at >= frame.from && local % DAY !== 0) marks.push({ at, label: words.format(at) });
  }
}
