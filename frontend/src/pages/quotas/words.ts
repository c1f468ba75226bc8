import { EXCHANGE_ZONE, duration } from "../../format/times";
import type { Clocks } from "../../api/queries/clocks";

const weekday = new Intl.DateTimeFormat(undefined, {
  timeZone: EXCHANGE_ZONE,
  weekday: "long",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
  timeZoneName: "short",
});

/** Say a moment of market time as people plan with it: Thursday 14:20 EDT. */
export function dayAndTime(at: string | number): string {
  return weekday.format(new Date(at));
}

/** Say how long it is until a moment of market time, and on a replay how long that takes on this machine. */
export function waitInWords(at: string | number, clocks: Pick<Clocks, "market" | "speed">): string {
  const seconds = (new Date(at).getTime() - clocks.market) / 1000;
  if (seconds <= 0) return "now";
  const market = `in ${duration(seconds < 60 ? Math.ceil(seconds) : seconds)}`;
  if (clocks.speed === 1) return market;
  return `${market} of market time, ${duration(roundUp(seconds / clocks.speed))} here`;
}

function roundUp(seconds: number): number {
  return seconds < 1 ? Math.max(seconds, 0.001) : Math.ceil(seconds);
}

/** Say a name of the API in words: bars_daily becomes bars daily. */
export function inWords(name: string): string {
  return name.replaceAll("_", " ");
}
