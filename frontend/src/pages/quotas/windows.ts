import type { components } from "../../api/schema";

export type Provider = components["schemas"]["ProviderView"];
export type QuotaWindow = components["schemas"]["WindowUsage"];

/** How a window stands at a moment of market time (milliseconds). */
export interface Standing {
  readonly used: number;
  readonly limit: number;
  /** When the next slot frees while all are taken; null while one is free. */
  readonly freeAt: number | null;
  /** When nothing rests any more, if nobody asks; null when nothing rests. */
  readonly emptyAt: number | null;
}

/**
 * Count a window down without asking: a call leaves at the time that the API told. What is asked meanwhile is told by
 * the stream.
 */
export function standingAt(window: QuotaWindow, market: number): Standing {
  const resting = (window.leaves).map((each) => Date.parse(each)).filter((leaves) => leaves > market);
  const over = resting.length - window.max_calls;
  return {
    used: resting.length,
    limit: window.max_calls,
    freeAt: over >= 0 ? (resting[over] ?? null) : null,
    emptyAt: resting.at(-1) ?? null,
  };
}

/** Return when the next call may go: when every window has a slot and no block holds; null when that is now. */
export function nextCallAt(provider: Provider, market: number): number | null {
  const waits = provider.windows
    .filter((window) => window.only === null || window.only === undefined || window.only === "interactive")
    .map((window) => standingAt(window, market).freeAt ?? 0);
  const blocked = provider.blocked_until === null ? 0 : Date.parse(provider.blocked_until);
  const latest = Math.max(0, blocked, ...waits);
  return latest > market ? latest : null;
}

/** Say a rolling window in words. */
export function spanInWords(seconds: number): string {
  const units = [
    { size: 86_400, word: "day" },
    { size: 3_600, word: "hour" },
    { size: 60, word: "minute" },
    { size: 1, word: "second" },
  ];
  const unit = units.find((each) => seconds >= each.size && seconds % each.size === 0) ?? units[3];
  const count = seconds / (unit?.size ?? 1);
  const word = unit?.word ?? "second";
  return count === 1 ? word : `${count.toLocaleString("en", { maximumFractionDigits: 1 })} ${word}s`;
}

/** Return a share between 0 and 1, also of a window that a lower limit has overfilled. */
export function shareOf(standing: Standing): number {
  return standing.limit === 0 ? 1 : Math.min(1, standing.used / standing.limit);
}
