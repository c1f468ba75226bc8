import type { DatasetQuality } from "../../api/queries/quality";

export interface Freshness {
  state: "fresh" | "due" | "late" | "not_computed";
  /** Trading days behind; null when not computed. */
  behind: number | null;
  /** More days may be missing than the known sessions reach back. */
  atLeast: boolean;
  text: string;
}

/**
 * Tell how fresh a dataset is, in trading days: sessions behind `newest`, up to what could be stored by now.
 *
 * One day behind is due and no warning: the next fetch brings it. A dataset without a date is NOT COMPUTED.
 */
export function freshnessOf(dataset: DatasetQuality, sessions: readonly string[], today: string): Freshness {
  const newest = dataset.newest ?? null;
  if (newest === null) {
    const why = dataset.known_at ? "answers came, but no whole sweep yet" : "no provider has answered yet";
    return { state: "not_computed", behind: null, atLeast: false, text: `Not computed: ${why}` };
  }
  const until = dataset.expected_newest ?? null;
  const behind = sessions.filter((day) => day > newest && (until === null ? day < today : day <= until)).length;
  const atLeast = sessions[0] !== undefined && newest < sessions[0];
  if (behind === 0) return { state: "fresh", behind, atLeast, text: "Up to date" };
  const days = `${atLeast ? "at least " : ""}${behind} trading ${behind === 1 ? "day" : "days"} behind`;
  return { state: behind === 1 ? "due" : "late", behind, atLeast, text: days };
}

/** Return the day after which a calendar of a year ends, and the day with which it starts: whole months. */
export function calendarYear(today: string): { from: string; until: string } {
  const year = Number(today.slice(0, 4));
  const month = Number(today.slice(5, 7));
  const first = (months: number) => new Date(Date.UTC(year, months, 1)).toISOString().slice(0, 10);
  return { from: first(month - 12), until: first(month) };
}

/** Return the exchange's date at an instant (ISO text). */
export function exchangeDay(at: string): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone: "America/New_York", year: "numeric", month: "2-digit", day: "2-digit" }).format(new Date(at));
}
