import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { systemQuery } from "../api/queries/system";
import { number } from "../format/numbers";
import { instant } from "../format/times";
import css from "./Header.module.css";

/** Return the market's time (epoch ms) when the machine's has moved on since it was told. */
export function marketNow(told: { market_time: string; market_speed: number }, toldAt: number, now: number): number {
  return new Date(told.market_time).getTime() + Math.max(0, now - toldAt) * told.market_speed;
}

/** The market's time in the exchange's zone, and how fast it runs on the replay. */
export function MarketClock() {
  const { data, dataUpdatedAt } = useQuery(systemQuery);
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(Date.now());
    }, 1_000);
    return () => {
      clearInterval(timer);
    };
  }, []);
  if (!data) return <span className={css["clock"]}>Market time is not known yet</span>;
  const at = marketNow(data, dataUpdatedAt, now);
  const replay = data.clock === "replay";
  const note = replay ? `A replay, ${number(data.market_speed)} times as fast as the clock` : "Real time";
  return (
    <span className={css["clock"]} title={`${note}\n${instant(at, "utc")}`}>
      <span className="unseen">Market time </span>
      <time dateTime={new Date(at).toISOString()}>{instant(at)}</time>
      {replay && <span className={css["speed"]}>{` replay × ${number(data.market_speed)}`}</span>}
    </span>
  );
}
