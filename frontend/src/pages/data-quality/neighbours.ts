import type { Bars, HeldRow } from "../../api/queries/quality";
import { tradingDay } from "../../format/times";

export const FIELDS = ["open", "high", "low", "close", "volume"] as const;
const REACH_DAYS = 7;
const DAY_MS = 86_400_000;

export interface Line {
  key: string;
  kind: "held" | "stored" | "second";
  title: string;
  values: Readonly<Partial<Record<(typeof FIELDS)[number], number | string | null>>>;
}

function valuesOf(row: Readonly<Record<string, unknown>>): Line["values"] {
  return Object.fromEntries(FIELDS.map((field) => {
    const value = row[field];
    return [field, typeof value === "number" || typeof value === "string" ? value : null];
  }));
}

/** Return the days between which a session's neighbours lie. */
export function rangeAround(session: string): { from: string; until: string } {
  const day = (by: number) => new Date(Date.parse(`${session}T00:00:00Z`) + by * DAY_MS).toISOString().slice(0, 10);
  return { from: day(-REACH_DAYS), until: day(REACH_DAYS + 1) };
}

/** The held row itself, as it was received. */
export function rowLine(row: HeldRow): Line {
  return { key: "held", kind: "held", title: `${tradingDay(row.session)}, held`, values: valuesOf(row.row) };
}

/** Return the stored bars around a held row, the row in its place, and what a second source told of the session. */
export function linesAround(
  row: HeldRow,
  session: string,
  bars: Bars | undefined,
  told: readonly { provider: string; value: Readonly<Record<string, unknown>> }[],
): Line[] {
  const columns = bars?.symbols[0];
  const dated = (columns?.session ?? []).map((day, at) => ({
    day,
    line: {
      key: day,
      kind: "stored" as const,
      title: `${tradingDay(day)}${day === session ? ", stored" : ""}`,
      values: Object.fromEntries(FIELDS.map((field) => [field, columns?.[field][at] ?? null])),
    },
  }));
  const second = told.map((each, at) => ({ key: `${each.provider} ${at}`, kind: "second" as const, title: `${each.provider}'s word`, values: valuesOf(each.value) }));
  return [
    ...dated.filter((each) => each.day <= session).map((each) => each.line),
    rowLine(row),
    ...second,
    ...dated.filter((each) => each.day > session).map((each) => each.line),
  ];
}
