import { MISSING } from "./numbers";

/** The zone in which the American exchanges count their days. */
export const EXCHANGE_ZONE = "America/New_York";

export type Zone = "exchange" | "local" | "utc";
export type Precision = "day" | "minute" | "second";

export function zoneName(zone: Zone): string {
  if (zone === "exchange") return EXCHANGE_ZONE;
  if (zone === "utc") return "UTC";
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatFor(zone: string, precision: Precision): Intl.DateTimeFormat {
  const key = `${zone} ${precision}`;
  let format = formats.get(key);
  if (!format) {
    const day = { year: "numeric", month: "short", day: "numeric" } as const;
    const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" } as const;
    format = new Intl.DateTimeFormat(undefined, {
      timeZone: zone,
      ...day,
      ...(precision === "day" ? {} : clock),
      ...(precision === "second" ? { second: "2-digit" } : {}),
    });
    formats.set(key, format);
  }
  return format;
}

/** Format an instant (ISO text or epoch milliseconds) in a zone, and name the zone. */
export function instant(
  at: string | number | Date | null | undefined,
  zone: Zone = "exchange",
  precision: Precision = "minute",
): string {
  if (at === null || at === undefined) return MISSING;
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? MISSING : formatFor(zoneName(zone), precision).format(date);
}

/** Format a trading date (2010-05-06): a day of the exchange's calendar, which no zone may shift. */
export function tradingDay(day: string | null | undefined): string {
  if (!day) return MISSING;
  const date = new Date(`${day.slice(0, 10)}T00:00:00Z`);
  return Number.isNaN(date.getTime()) ? MISSING : formatFor("UTC", "day").format(date);
}

const STEPS = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
] as const;

/** Format a length of time by its two largest units: 1 h 12 min; below a second in ms. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) return MISSING;
  if (seconds < 0) return `\u2212${duration(-seconds)}`;
  if (seconds > 0 && seconds < 1) return `${Math.round(seconds * 1000)}\u00a0ms`;
  let left = seconds < 60 ? Math.round(seconds * 10) / 10 : Math.round(seconds);
  const parts: string[] = [];
  for (const [unit, size] of STEPS) {
    const whole = size === 1 ? left : Math.floor(left / size);
    if (whole > 0 && parts.length < 2) parts.push(`${whole}\u00a0${unit}`);
    if (parts.length === 0 || whole > 0) left -= whole * size;
    else break;
  }
  return parts.join(" ") || "0\u00a0s";
}

/** Say how long before `now` something was: 5 min ago. */
export function ago(at: string | number | Date, now: number): string {
  const seconds = (now - new Date(at).getTime()) / 1000;
  if (Number.isNaN(seconds)) return MISSING;
  if (seconds < 0) return `in ${largest(-seconds)}`;
  return seconds < 1 ? "now" : `${largest(seconds)} ago`;
}

function largest(seconds: number): string {
  const [unit, size] = STEPS.find(([, step]) => seconds >= step) ?? STEPS[3];
  return `${Math.floor(seconds / size)}\u00a0${unit}`;
}
