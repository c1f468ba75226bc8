import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { systemQuery } from "./system";

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

/** Return the server's two clocks, ticking; null until it answered. This browser's own clock may be wrong. */
export function useClocks(everyMs = 1_000): Clocks | null {
  const { data, dataUpdatedAt } = useQuery(systemQuery);
  const now = useNow(everyMs);
  if (data === undefined) return null;
  const since = Math.max(0, now - dataUpdatedAt);
  return {
    machine: Date.parse(data.machine_time) + since,
    market: Math.min(
      Date.parse(data.market_time) + since * data.market_speed,
      data.market_until === null ? Infinity : Date.parse(data.market_until),
    ),
    speed: data.market_speed,
    isReplay: data.clock === "replay",
  };
}
