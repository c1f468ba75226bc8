import { useClocks } from "../api/queries/clocks";
import { number } from "../format/numbers";
import { instant } from "../format/times";
import css from "./Header.module.css";

/** The market's time in the exchange's zone, and how fast it runs on the replay. */
export function MarketClock() {
  const clocks = useClocks();
  if (!clocks) return <span className={css["clock"]}>Market time is not known yet</span>;
  const { market: at, speed, isReplay: replay } = clocks;
  const note = replay ? `A replay, ${number(speed)} times as fast as the clock` : "Real time";
  return (
    <span className={css["clock"]} title={`${note}\n${instant(at, "utc")}`}>
      <span className="unseen">Market time </span>
      <time dateTime={new Date(at).toISOString()}>{instant(at)}</time>
      {replay && <span className={css["speed"]}>{` replay × ${number(speed)}`}</span>}
    </span>
  );
}
