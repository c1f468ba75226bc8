import type { SessionQuality } from "../../api/queries/quality";
import { number, percent } from "../../format/numbers";
import { tradingDay } from "../../format/times";

export type SessionState = "whole" | "nearly" | "part" | "poor" | "missing" | "not_final" | "not_computed";

export const STATES: readonly (readonly [SessionState, string])[] = [
  ["whole", "All bars"],
  ["nearly", "99 % and more"],
  ["part", "90 % and more"],
  ["poor", "Under 90 %"],
  ["missing", "Nothing stored"],
  ["not_final", "Not final yet"],
  ["not_computed", "Not computed"],
];

const NEARLY = 0.99;
const PART = 0.9;

/** Return stored over expected, 0 to 1; null where nothing is expected, which is not the same as 0. */
export function completenessOf(session: SessionQuality): number | null {
  return session.expected > 0 ? Math.min(1, session.stored / session.expected) : null;
}

/** Tell how a session stands. Nothing expected is NOT COMPUTED; nothing stored is missing only once it is final. */
export function stateOf(session: SessionQuality): SessionState {
  const ratio = completenessOf(session);
  if (session.stored === 0 || !session.settled) {
    if (!session.final) return "not_final";
    if (ratio === null) return "not_computed";
    if (session.stored === 0) return "missing";
  }
  if (ratio === null) return "not_computed";
  if (ratio >= 1) return "whole";
  return ratio >= NEARLY ? "nearly" : ratio >= PART ? "part" : "poor";
}

/** Say everything about a session's cell. */
export function inWords(session: SessionQuality): string {
  const ratio = completenessOf(session);
  const word = STATES.find(([state]) => state === stateOf(session))?.[1] ?? "";
  const parts = [
    `${tradingDay(session.session)}: ${word.toLowerCase()}`,
    `${number(session.stored)} of ${number(session.expected)} bars${ratio === null ? "" : ` (${percent(ratio, 1, false)})`}`,
  ];
  if (session.held > 0) parts.push(`${number(session.held)} held back`);
  if (session.flagged > 0) parts.push(`${number(session.flagged)} in doubt`);
  return parts.join(", ");
}

export interface Month {
  key: string;
  title: string;
  sessions: { day: number; session: SessionQuality }[];
}

/** Group sessions by month, in order. */
export function monthsOf(sessions: readonly SessionQuality[]): Month[] {
  const months: Month[] = [];
  for (const session of sessions) {
    const key = session.session.slice(0, 7);
    let month = months.at(-1);
    if (month?.key !== key) {
      const title = new Intl.DateTimeFormat(undefined, { timeZone: "UTC", month: "short", year: "numeric" }).format(new Date(`${key}-01T00:00:00Z`));
      month = { key, title, sessions: [] };
      months.push(month);
    }
    month.sessions.push({ day: Number(session.session.slice(8, 10)), session });
  }
  return months;
}

/** Return which session an arrow key leads to from one: the neighbour in time, or the nearest day of the next month. */
export function stepTo(months: readonly Month[], from: string, key: string): string | undefined {
  const all = months.flatMap((month) => month.sessions.map((each) => each.session.session));
  const at = all.indexOf(from);
  if (key === "ArrowRight") return all[at + 1];
  if (key === "ArrowLeft") return all[at - 1];
  if (key === "Home") return all[0];
  if (key === "End") return all.at(-1);
  const row = months.findIndex((month) => month.key === from.slice(0, 7));
  const other = key === "ArrowDown" ? months[row + 1] : key === "ArrowUp" ? months[row - 1] : undefined;
  const day = Number(from.slice(8, 10));
  return other?.sessions.toSorted((a, b) => Math.abs(a.day - day) - Math.abs(b.day - day))[0]?.session.session;
}
