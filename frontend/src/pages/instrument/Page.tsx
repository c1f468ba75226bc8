import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, useState } from "react";
import { useLocation, useParams, useSearch } from "wouter";
import { actionsQuery, barsQuery, changesQuery, quoteQuery } from "../../api/queries/instrument";
import { number, price } from "../../format/numbers";
import { Delta } from "../../ui/Delta";
import { Empty } from "../../ui/Empty";
import { Panel } from "../../ui/Panel";
import { Problem } from "../../ui/Problem";
import { Skeleton } from "../../ui/Skeleton";
import { Table } from "../../ui/Table";
import { Day, When } from "../../ui/When";
import { AsOf, Then } from "./AsOf";
import { gapsOf, movingMean, type Bars } from "./bars";
import { Origin } from "./Origin";
import css from "./Page.module.css";
import { actionText, Panels } from "./Panels";
import { ADJUSTED, FRAMES, logicalRange, searchOf, SPANS, spanStart, viewOf, type View } from "./spans";
import { stopsOf } from "./stops";

const Chart = lazy(() => import("./Chart"));
const MEANS = [10, 20, 50, 100, 200];
const USUAL_DAYS = { "1d": 5, "1w": 12, "1mo": 40 } as const;
const FRAME_NAMES = { "1d": "Daily", "1w": "Weekly", "1mo": "Monthly" } as const;
const ADJUSTED_NAMES = { none: "As traded", splits: "For splits", all: "For splits and dividends" } as const;

/** One instrument: its bars, as known now or then, and what is told of it. */
export default function Instrument() {
  const { symbol } = useParams<{ symbol: string }>();
  const name = decodeURIComponent(symbol);
  return <Shown key={name} symbol={name} />;
}

function Shown({ symbol }: { symbol: string }) {
  const view = viewOf(useSearch());
  const [path, go] = useLocation();
  const set = (part: Partial<View>) => { go(path + searchOf({ ...view, ...part }), { replace: true }); };
  const changes = useQuery(changesQuery(symbol));
  const bars = useQuery(barsQuery(symbol, view.timeframe, view.adjusted, view.asOf));
  const stops = useMemo(() => stopsOf(changes.data?.items ?? []), [changes.data]);
  const found = changes.data?.instrument;
  return (
    <div className={css["page"]}>
      <Quote symbol={symbol} name={found?.name ?? null} asOf={view.asOf} currency={found?.currency ?? ""} />
      {view.asOf !== null && <Then asOf={view.asOf} back={() => { set({ asOf: null }); }} />}
      <div className={css["shown"]} data-then={view.asOf !== null}>
        <Panel flush title="Bars" note={`${FRAME_NAMES[view.timeframe]}, ${ADJUSTED_NAMES[view.adjusted].toLowerCase()}, New York sessions`} stale={bars.isPlaceholderData}>
          <Tools view={view} set={set} />
          {bars.error ? (
            <Problem error={bars.error} retry={() => void bars.refetch()} />
          ) : bars.data ? (
            <Drawn symbol={symbol} view={view} bars={bars.data} currency={found?.currency ?? ""} settled={!bars.isPlaceholderData} />
          ) : (
            <Skeleton height={420} label="Loading the bars" />
          )}
          <AsOf stops={stops} asOf={view.asOf} more={changes.data?.more ?? false} change={(asOf) => { set({ asOf }); }} />
          {changes.error && <Problem error={changes.error} retry={() => void changes.refetch()} />}
        </Panel>
      </div>
      <Panels symbol={symbol} asOf={view.asOf} changes={changes.data?.items} />
    </div>
  );
}

function Quote({ symbol, name, asOf, currency }: { symbol: string; name: string | null; asOf: string | null; currency: string }) {
  const found = useQuery(quoteQuery(symbol, asOf));
  const quote = found.data?.quotes[0];
  return (
    <header className={css["head"]}>
      <h1>{symbol} {name !== null && <span className={css["quiet"]}>{name}</span>}</h1>
      {quote && (
        <>
          <span className={css["price"]}>{price(quote.close)} {currency.toUpperCase()}</span>
          <Delta value={quote.change_percent === null ? null : quote.change_percent / 100} why="The close before it is not known" />
          <span className={css["quiet"]}>
            {quote.source === "bar" ? "close of the session" : "quote"}, <When at={quote.at} />, by {quote.provider}
          </span>
        </>
      )}
      {found.data && !quote && <span className={css["quiet"]}>No price known {asOf === null ? "yet" : "then"}: no bar of it was stored.</span>}
    </header>
  );
}

function Tools({ view, set }: { view: View; set: (part: Partial<View>) => void }) {
  return (
    <div className={css["tools"]}>
      <fieldset className={css["spans"]}>
        <legend className="unseen">Span</legend>
        {SPANS.map((span) => (
          <label key={span}>
            <input type="radio" name="span" value={span} checked={view.span === span} onChange={() => { set({ span }); }} />
            {span}
          </label>
        ))}
      </fieldset>
      <label>
        Bars{" "}
        <select value={view.timeframe} onChange={(event) => { set({ timeframe: FRAMES.find((each) => each === event.target.value) ?? "1d" }); }}>
          {FRAMES.map((each) => <option key={each} value={each}>{FRAME_NAMES[each]}</option>)}
        </select>
      </label>
      <label>
        Adjusted{" "}
        <select value={view.adjusted} onChange={(event) => { set({ adjusted: ADJUSTED.find((each) => each === event.target.value) ?? "splits" }); }}>
          {ADJUSTED.map((each) => <option key={each} value={each}>{ADJUSTED_NAMES[each]}</option>)}
        </select>
      </label>
    </div>
  );
}

interface DrawnProps {
  symbol: string;
  view: View;
  bars: Bars;
  currency: string;
  settled: boolean;
}

function Drawn({ symbol, view, bars, currency, settled }: DrawnProps) {
  const { span, timeframe } = view;
  const [picked, pick] = useState<string | null>(null);
  const [averages, setAverages] = useState(false);
  const now = useQuery({ ...barsQuery(symbol, timeframe, view.adjusted, null), enabled: view.asOf !== null && settled });
  const actions = useQuery(actionsQuery(symbol, view.asOf));
  const range = useMemo(() => logicalRange({ span, timeframe }, bars.sessions), [span, timeframe, bars]);
  const means = useMemo(
    () => (averages ? MEANS.map((length) => ({ length, values: movingMean(bars.close, length) })) : []),
    [averages, bars],
  );
  const marks = useMemo(() => {
    const first = bars.sessions[0] ?? "";
    const items = (actions.data?.items ?? []).filter((each) => each.ex_date >= first);
    return items.map((each) => ({ day: each.ex_date, text: actionText(each) })).reverse();
  }, [actions.data, bars]);
  const first = bars.sessions[0];
  const last = bars.sessions.length - 1;
  if (first === undefined) {
    return (
      <Empty title={view.asOf === null ? "No bars are stored" : "No bars were known then"}>
        {view.asOf === null
          ? "The daily pipeline brings the next session; start a backfill on Pipelines for earlier ones."
          : "Its bars came later: move the slider to the right."}
      </Empty>
    );
  }
  const at = picked === null ? last : bars.sessions.indexOf(picked);
  const chosen = at < 0 ? last : at;
  const start = spanStart(span, bars.sessions[last] ?? "");
  const gaps = gapsOf(bars.sessions, USUAL_DAYS[timeframe]).filter((gap) => start === null || gap.before >= start);
  return (
    <>
      <Suspense fallback={<Skeleton height={420} label="Loading the chart" />}>
        <Chart
          bars={bars}
          ghost={view.asOf === null ? null : (now.data ?? null)}
          means={means}
          marks={marks}
          range={range}
          chosen={chosen}
          choose={(index) => { pick(bars.sessions[index] ?? null); }}
          label={`Chart of ${symbol}: ${number(bars.sessions.length)} bars. Arrow keys choose a bar, with Shift they pan, plus and minus zoom.`}
        />
      </Suspense>
      <Origin symbol={symbol} bars={bars} index={chosen} asOf={view.asOf} asked={picked !== null && timeframe === "1d"} currency={currency} />
      {(gaps.length > 0 || (start !== null && start < first)) && (
        <ul role="list" className={css["gaps"]}>
          {start !== null && start < first && <li>No bars before <Day day={first} />: start a backfill on Pipelines to fill the span.</li>}
          {gaps.slice(-5).map((gap) => <li key={gap.after}>Gap: no bars between <Day day={gap.after} /> and <Day day={gap.before} />; Data quality says why.</li>)}
        </ul>
      )}
      <div className={css["more"]}>
        <label>
          <input type="checkbox" checked={averages} onChange={(event) => { setAverages(event.target.checked); }} /> Means of the
          last {MEANS.join(", ")} closes
        </label>
        <BarTable symbol={symbol} bars={bars} currency={currency} />
      </div>
    </>
  );
}

function BarTable({ symbol, bars, currency }: { symbol: string; bars: Bars; currency: string }) {
  const [open, setOpen] = useState(false);
  const rows = useMemo(() => (open ? bars.sessions.map((_, at) => at).reverse() : []), [open, bars]);
  const priced = (key: "open" | "high" | "low" | "close") => ({
    key, title: `${key} ${currency}`, align: "right" as const, cell: (at: number) => price(bars[key][at]), wide: key !== "close",
  });
  return (
    <details onToggle={(event) => { setOpen(event.currentTarget.open); }}>
      <summary>The bars as a table</summary>
      {open && (
        <Table
          label={`Bars of ${symbol}, the latest first`}
          rows={rows}
          rowKey={(at) => bars.sessions[at] ?? at}
          columns={[
            { key: "session", title: "Session", cell: (at) => <Day day={bars.sessions[at]} /> },
            priced("open"), priced("high"), priced("low"), priced("close"),
            { key: "volume", title: "Volume, shares", align: "right", cell: (at) => number(bars.volume[at]) },
          ]}
        />
      )}
    </details>
  );
}
