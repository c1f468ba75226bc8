import { daysBetween, indexFrom } from "./bars";

export const SPANS = ["1d", "1w", "1m", "3m", "6m", "1y", "5y", "all"] as const;
export type Span = (typeof SPANS)[number];
export const FRAMES = ["1d", "1w", "1mo"] as const;
export const ADJUSTED = ["none", "splits", "all"] as const;

const MONTHS: Readonly<Partial<Record<Span, number>>> = { "1m": 1, "3m": 3, "6m": 6, "1y": 12, "5y": 60 };
const BARS_A_DAY = { "1d": 5 / 7, "1w": 1 / 7, "1mo": 12 / 365 } as const;

/** What the address says of the page; what it does not say, or says wrongly, is the usual. */
export interface View {
  span: Span;
  timeframe: (typeof FRAMES)[number];
  adjusted: (typeof ADJUSTED)[number];
  asOf: string | null;
}

function known<T extends string>(value: string | null, all: readonly T[], usual: T): T {
  return all.find((each) => each === value) ?? usual;
}

export function viewOf(search: string): View {
  const words = new URLSearchParams(search);
  const asOf = words.get("as_of");
  return {
    span: known(words.get("span"), SPANS, "1y"),
    timeframe: known(words.get("timeframe"), FRAMES, "1d"),
    adjusted: known(words.get("adjusted"), ADJUSTED, "splits"),
    asOf: asOf !== null && /^\d{4}-\d\d-\d\d/.test(asOf) ? asOf : null,
  };
}

/** Write a view as an address's query; the usual is left out. */
export function searchOf(view: View): string {
  const words = new URLSearchParams();
  if (view.span !== "1y") words.set("span", view.span);
  if (view.timeframe !== "1d") words.set("timeframe", view.timeframe);
  if (view.adjusted !== "splits") words.set("adjusted", view.adjusted);
  if (view.asOf !== null) words.set("as_of", view.asOf);
  const text = words.toString();
  return text === "" ? "" : `?${text}`;
}

/** The first day of a span that ends on a day; null for all. A month has no 31st where there is none. */
export function spanStart(span: Span, last: string): string | null {
  if (span === "all") return null;
  if (span === "1d") return last;
  const day = new Date(`${last}T00:00:00Z`);
  const months = MONTHS[span];
  if (months === undefined) {
    day.setUTCDate(day.getUTCDate() - 6);
    return day.toISOString().slice(0, 10);
  }
  const number = day.getUTCDate();
  day.setUTCDate(1);
  day.setUTCMonth(day.getUTCMonth() - months);
  const end = new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 0)).getUTCDate();
  day.setUTCDate(Math.min(number, end));
  return day.toISOString().slice(0, 10);
}

/** Bars in sight, by number. The span is kept where it begins before the bars do: then `from` is below zero. */
export function logicalRange(view: Pick<View, "span" | "timeframe">, sessions: readonly string[]): { from: number; to: number } {
  const first = sessions[0];
  const last = sessions[sessions.length - 1];
  if (first === undefined || last === undefined) return { from: 0, to: 1 };
  const start = spanStart(view.span, last);
  const to = sessions.length - 0.5;
  if (start === null) return { from: -0.5, to };
  if (start < first) return { from: -0.5 - Math.round(daysBetween(start, first) * BARS_A_DAY[view.timeframe]), to };
  return { from: Math.min(indexFrom(sessions, start), sessions.length - 1) - 0.5, to };
}
