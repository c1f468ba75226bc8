import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { systemQuery, type System } from "./system";

/** Both clocks in epoch milliseconds, reckoned on from the last answer; `speed` is market seconds in a machine second. */
export interface Clocks {
  readonly machine: number;
  readonly market: number;
  readonly speed: number;
  readonly isReplay: boolean;
}

/** Return this browser's time, again every so often. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(Date.now());
    }, everyMs);
    return () => {
      clearInterval(timer);
    };
  }, [everyMs]);
  return now;
}

/** Reckon on what the server told at `receivedAt` to `now`, both by this browser's clock; a replay's market stops. */
export function clocksAt(told: System, receivedAt: number, now: number): Clocks {
  const since = Math.max(0, now - receivedAt);
  return {
    machine: Date.parse(told.machine_time) + since,
    market: Math.min(
      Date.parse(told.market_time) + since * told.market_speed,
      told.market_until === null ? Infinity : Date.parse(told.market_until),
    ),
    speed: told.market_speed,
    isReplay: told.clock === "replay",
  };
}

/** Return the server's two clocks, ticking; null until it answered. This browser's own clock may be wrong. */
export function useClocks(everyMs = 1_000): Clocks | null {
  const { data, dataUpdatedAt } = useQuery(systemQuery);
  const now = useNow(everyMs);
  return data === undefined ? null : clocksAt(data, dataUpdatedAt, now);
}
