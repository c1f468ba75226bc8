import type { components } from "../../api/schema";

export type Change = components["schemas"]["InstrumentChange"];

/** A day on which an as-of begins to give another answer. */
export interface Stop {
  day: string;
  told: string;
}

const KINDS: Readonly<Record<Change["kind"], readonly [string, string]>> = {
  bars_corrected: ["bar corrected", "bars corrected"],
  bars_late: ["bar came late", "bars came late"],
  split: ["split told or changed", "splits told or changed"],
  dividend: ["dividend told or changed", "dividends told or changed"],
  profile: ["profile told or changed", "profiles told or changed"],
  fundamentals: ["provider's fundamentals changed", "providers' fundamentals changed"],
  earnings: ["earnings report told or changed", "earnings reports told or changed"],
  listing: ["listing told or changed", "listings told or changed"],
};

/** Say what changed: 3 bars corrected. */
export function changeText(change: Pick<Change, "kind" | "count">): string {
  return `${change.count} ${KINDS[change.kind][change.count === 1 ? 0 : 1]}`;
}

/** The stops of the slider, the oldest first: each day once, with all that changed on it. */
export function stopsOf(changes: readonly Change[]): Stop[] {
  const days = new Map<string, string[]>();
  for (const change of changes) days.set(change.on, [...(days.get(change.on) ?? []), changeText(change)]);
  return [...days].map(([day, told]) => ({ day, told: told.join(", ") })).sort((a, b) => (a.day < b.day ? -1 : 1));
}

/** Where the slider stands: the last stop at or before the as-of; behind the last one for now. */
export function stopIndex(stops: readonly Stop[], asOf: string | null): number {
  if (asOf === null) return stops.length;
  let at = 0;
  while (at + 1 < stops.length && (stops[at + 1]?.day ?? "") <= asOf.slice(0, 10)) at += 1;
  return at;
}

/** What the slider says of itself. */
export function stopText(stops: readonly Stop[], at: number): string {
  const stop = stops[at];
  if (!stop) return "what is known now";
  const later = stops.length - 1 - at;
  const rest = later === 0 ? "nothing changed later" : `changed on ${later} later ${later === 1 ? "day" : "days"}`;
  return `known on ${stop.day}: ${stop.told}; ${rest}`;
}
