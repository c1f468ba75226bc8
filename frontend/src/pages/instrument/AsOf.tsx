import { Button } from "../../ui/Button";
import { Day } from "../../ui/When";
import css from "./Page.module.css";
import { stopIndex, stopText, type Stop } from "./stops";

interface AsOfProps {
  stops: readonly Stop[];
  asOf: string | null;
  more: boolean;
  change: (asOf: string | null) => void;
}

/** The slider over what was known when; its last place is now. */
export function AsOf({ stops, asOf, more, change }: AsOfProps) {
  const at = stopIndex(stops, asOf);
  const text = stopText(stops, at);
  return (
    <div className={css["asof"]}>
      <label>
        <span>As of</span>
        <input
          type="range"
          min={0}
          max={stops.length}
          step={1}
          value={at}
          disabled={stops.length === 0}
          aria-valuetext={text}
          onChange={(event) => { change(stops[Number(event.target.value)]?.day ?? null); }}
        />
      </label>
      <label>
        <span>or any day</span>
        <input type="date" value={asOf?.slice(0, 10) ?? ""} onChange={(event) => { change(event.target.value || null); }} />
      </label>
      <output>
        {stops.length === 0 ? "Nothing known of it has changed yet: the slider gets its stops with the first correction." : text}
        {more && " Older changes than the last 500 are not among the stops."}
      </output>
    </div>
  );
}

/** Says that the page does not show what is known now, and leads back. */
export function Then({ asOf, back }: { asOf: string; back: () => void }) {
  return (
    <div className={css["then"]} role="status">
      <p>
        This is what was known at the end of <Day day={asOf} /> in New York. The dashed line is the close as it is known
        now: where it leaves the candles, a bar was corrected or a split came later.
      </p>
      <Button onClick={back}>Back to now</Button>
    </div>
  );
}
