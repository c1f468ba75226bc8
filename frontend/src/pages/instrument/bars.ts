import type { components } from "../../api/schema";

/** Bars of one symbol, oldest first, as equally long columns. */
export interface Bars {
  sessions: readonly string[];
  open: Float64Array;
  high: Float64Array;
  low: Float64Array;
  close: Float64Array;
  volume: Float64Array;
}

export interface Mean {
  length: number;
  values: Float64Array;
}

const DAY_MS = 86_400_000;

/** Read the only symbol of an answer; one without bars has empty columns. */
export function toBars(answer: Pick<components["schemas"]["ColumnarBars"], "symbols">): Bars {
  const found = answer.symbols[0];
  return {
    sessions: found?.session ?? [],
    open: Float64Array.from(found?.open ?? []),
    high: Float64Array.from(found?.high ?? []),
    low: Float64Array.from(found?.low ?? []),
    close: Float64Array.from(found?.close ?? []),
    volume: Float64Array.from(found?.volume ?? []),
  };
}

/** The mean of the last `length` closes; NaN until there are as many. */
export function movingMean(close: Float64Array, length: number): Float64Array {
  const means = new Float64Array(close.length).fill(Number.NaN);
  let sum = 0;
  for (let i = 0; i < close.length; i += 1) {
    sum += close[i] ?? 0;
    if (i >= length) sum -= close[i - length] ?? 0;
    if (i >= length - 1) means[i] = sum / length;
  }
  return means;
}

/** Days from one date to another. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS);
}

/** Neighbours between which more days lie than a holiday and a weekend explain. */
export function gapsOf(sessions: readonly string[], usualDays: number): { after: string; before: string }[] {
  const gaps = [];
  for (let i = 1; i < sessions.length; i += 1) {
    const after = sessions[i - 1] ?? "";
    const before = sessions[i] ?? "";
    if (daysBetween(after, before) > usualDays) gaps.push({ after, before });
  }
  return gaps;
}

/** Where the first session at or after a day stands; the length when there is none. */
export function indexFrom(sessions: readonly string[], day: string): number {
  let low = 0;
  let high = sessions.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sessions[middle] ?? "") < day) low = middle + 1;
    else high = middle;
  }
  return low;
}
