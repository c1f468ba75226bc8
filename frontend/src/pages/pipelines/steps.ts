import type { components } from "../../api/schema";

export type Step = components["schemas"]["StepView"];
export type StepSpec = components["schemas"]["StepSpec"];

/** One step with all of its parts, at its place in the order in which steps can go. */
export interface StepGroup {
  readonly name: string;
  readonly summary: string;
  readonly needs: readonly string[];
  readonly depth: number;
  readonly parts: readonly Step[];
}

export type Phase = "queue" | "wait" | "quota" | "fetch" | "write" | "work";

/** A stretch of a step's life. Times are machine time in milliseconds. */
export interface Segment {
  readonly phase: Phase;
  readonly from: number;
  readonly until: number;
}

export const PHASE_WORDS: Readonly<Record<Phase, string>> = {
  queue: "in the queue",
  wait: "waited for its slot or its turn",
  quota: "reserved a call",
  fetch: "asked the provider",
  write: "checked and stored",
  work: "worked",
};

/** Group a run's steps in the order of the declaration's needs; steps that it does not know come last. */
export function groupSteps(specs: readonly StepSpec[], steps: readonly Step[]): StepGroup[] {
  const needsOf = new Map(
    specs.map((spec) => [spec.name, [...spec.needs, ...(spec.fan_out_of ? [spec.fan_out_of] : [])]]),
  );
  const depths = new Map<string, number>();
  const depthOf = (name: string, above: readonly string[]): number => {
    const known = depths.get(name);
    if (known !== undefined) return known;
    const needs = (needsOf.get(name) ?? []).filter((need) => !above.includes(need));
    const depth = Math.max(-1, ...needs.map((need) => depthOf(need, [...above, name]))) + 1;
    depths.set(name, depth);
    return depth;
  };
  const names = [...new Set([...specs.map((spec) => spec.name), ...steps.map((step) => step.step)])];
  const groups = names.map((name) => ({
    name,
    summary: specs.find((spec) => spec.name === name)?.summary ?? "",
    needs: needsOf.get(name) ?? [],
    depth: needsOf.has(name) ? depthOf(name, []) : names.length,
    parts: steps.filter((step) => step.step === name),
  }));
  return groups.sort((one, other) => one.depth - other.depth || names.indexOf(one.name) - names.indexOf(other.name));
}

/** Return from when on a step could go: when all that it needs was done, or when its run was made. */
export function readySince(step: Step, steps: readonly Step[], runMade: number): number {
  const ends = steps
    .filter((each) => step.needs.includes(each.step) && each.ended_at !== null)
    .map((each) => Date.parse(each.ended_at ?? ""));
  return Math.max(runMade, ...ends);
}

/**
 * Cut a step's life into what is known of it: waiting, reserving a call, asking the provider, storing. A step that
 * goes on ends now. What the API does not tell apart is not told apart: before its last attempt, a step that asks a
 * provider waits for its slot as well as for a worker.
 */
export function segmentsOf(step: Step, ready: number, now: number): Segment[] {
  if (step.state === "waiting") return [];
  const started = step.started_at === null || step.state === "ready" ? null : Date.parse(step.started_at);
  const asks = typeof step.args["provider"] === "string";
  const waits: Phase = asks ? "wait" : "queue";
  if (started === null) return positive([{ phase: waits, from: ready, until: now }]);
  const ended = step.ended_at === null ? now : Date.parse(step.ended_at);
  const segments: Segment[] = [{ phase: waits, from: Math.min(ready, started), until: started }];
  if (step.call === null) {
    segments.push({ phase: "work", from: started, until: ended });
    return positive(segments);
  }
  const called = Math.min(Math.max(Date.parse(step.call.at), started), ended);
  const answered = step.call.duration_ms === null ? ended : Math.min(called + step.call.duration_ms, ended);
  segments.push(
    { phase: "quota", from: started, until: called },
    { phase: "fetch", from: called, until: answered },
    { phase: "write", from: answered, until: ended },
  );
  return positive(segments);
}

function positive(segments: readonly Segment[]): Segment[] {
  return segments.filter((segment) => segment.until > segment.from);
}

/** Tell whether a step still has something before it, or failed: what an operator looks for. */
export function isUnsettled(step: Step): boolean {
  return step.state !== "done";
}

/** Say a name of the API in words: rows_held becomes rows held. */
export function inWords(name: string): string {
  return name.replaceAll("_", " ");
}

/** A figure of a report; `value` is a number with its meaning, or words. */
export interface Figure {
  readonly label: string;
  readonly value: number | string;
}

/** Turn a step's report into figures, the plain counts first; nested details are named with a path. */
export function figuresOf(told: NonNullable<Step["report"]>): Figure[] {
  // A count of none is left out of the answer, whatever its description says.
  const report: Partial<typeof told> = told;
  const figures: Figure[] = [{ label: "done", value: report.done ?? 0 }];
  for (const [reason, count] of Object.entries(report.skipped ?? {})) {
    figures.push({ label: `skipped: ${inWords(reason)}`, value: count });
  }
  if (report.left) figures.push({ label: "left for later", value: report.left });
  flatten(report.details ?? {}, [], figures);
  return figures;
}

const DEEPEST = 3;

function flatten(value: unknown, path: readonly string[], into: Figure[]): void {
  const label = path.map(inWords).join(" · ");
  if (typeof value === "number" || typeof value === "string") {
    into.push({ label, value });
  } else if (typeof value === "boolean") {
    into.push({ label, value: value ? "yes" : "no" });
  } else if (value === null || value === undefined) {
    into.push({ label, value: "not told" });
  } else if (Array.isArray(value)) {
    into.push({ label, value: value.map(String).join(", ") || "none" });
  } else if (typeof value === "object") {
    if (path.length >= DEEPEST) {
      into.push({ label, value: JSON.stringify(value) });
      return;
    }
    for (const [name, inner] of Object.entries(value)) flatten(inner, [...path, name], into);
  }
}
