import type { MarketDay } from "../../api/queries/market";
import { number, percent } from "../../format/numbers";
import { Delta } from "../../ui/Delta";
import { Num } from "../../ui/Num";
import css from "./Figures.module.css";

const NOBODY = "No share has a close before to compare with";

function ratio(value: number | null): number | null {
  return value === null ? null : value / 100;
}

/** The day's key figures: each from the close before, over shares that each count once unless it says otherwise. */
export function Figures({ day }: { day: MarketDay }) {
  const { line, broad } = day;
  return (
    <dl className={css["figures"]}>
      <div>
        <dt>Median share, close</dt>
        <dd>
          <Delta value={ratio(line.median_percent)} why={NOBODY} />
        </dd>
      </div>
      <div>
        <dt>Median share, at its low</dt>
        <dd>
          <Delta value={ratio(line.median_low_percent)} why={NOBODY} />
        </dd>
      </div>
      <div>
        <dt>By dollars traded</dt>
        <dd>
          <Delta value={ratio(broad.weighted_percent)} why={NOBODY} />
        </dd>
      </div>
      <div>
        <dt>Traded</dt>
        <dd>
          <Num value={line.dollar_volume} compact unit="USD" />
        </dd>
      </div>
      <div>
        <dt>New highs / lows{day.extremes ? " in a year" : ""}</dt>
        <dd>
          <Num value={day.extremes?.highs} why="Less than a month is stored" /> / <Num value={day.extremes?.lows} why="Less than a month is stored" />
        </dd>
      </div>
    </dl>
  );
}

/** How many rose, stayed and fell, as parts of one bar. */
export function Breadth({ day }: { day: MarketDay }) {
  const { advancers, unchanged, decliners, compared } = day.line;
  if (compared === 0) return null;
  const width = (count: number) => ({ width: `${(count / compared) * 100}%` });
  return (
    <div className={css["breadth"]}>
      <p>
        <span className={css["rose"]}>▲ {number(advancers)} rose</span>
        <span>■ {number(unchanged)} unchanged</span>
        <span className={css["fell"]}>▼ {number(decliners)} fell</span>
      </p>
      <div className={css["bar"]} aria-hidden="true">
        <span className={css["up"]} style={width(advancers)} />
        <span className={css["flat"]} style={width(unchanged)} />
        <span className={css["down"]} style={width(decliners)} />
      </div>
    </div>
  );
}

/** How many shares closed in each percent. */
export function Histogram({ day }: { day: MarketDay }) {
  const most = Math.max(1, ...day.distribution.map((bucket) => bucket.count));
  return (
    <ol className={css["histogram"]} aria-label="Shares by their change to the close" role="list">
      {day.distribution.map((bucket) => {
        const { from_percent: from, until_percent: until, count } = bucket;
        const range =
          from === null
            ? `below ${percent((until ?? 0) / 100, 0)}`
            : until === null
              ? `${percent(from / 100, 0)} and more`
              : `${percent(from / 100, 0)} to ${percent(until / 100, 0)}`;
        return (
          <li key={range} title={`${range}: ${number(count)} shares`}>
            <span className="unseen">{`${range}: ${number(count)} shares`}</span>
            <span className={css["count"]} aria-hidden="true">
              {count > 0 ? number(count) : ""}
            </span>
            <span
              className={from !== null && from >= 0 ? css["up"] : css["down"]}
              style={{ height: `${(count / most) * 100}px`, minHeight: count > 0 ? 2 : 0 }}
              aria-hidden="true"
            />
            <span className={css["tick"]} aria-hidden="true">
              {from === null ? "<" : from % 5 === 0 ? number(from, { signed: true }) : ""}
            </span>
          </li>
        );
      })}
    </ol>
  );
}
