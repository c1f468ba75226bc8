import {
  CandlestickSeries, createChart, createSeriesMarkers, HistogramSeries, LineSeries, LineStyle,
  type IChartApi, type ISeriesApi, type ISeriesMarkersPluginApi, type Time,
} from "lightweight-charts";
import { useEffect, useEffectEvent, useRef, type KeyboardEvent } from "react";
import type { Bars, Mean } from "./bars";
import css from "./Page.module.css";

export interface Mark {
  day: string;
  text: string;
}

interface ChartProps {
  bars: Bars;
  /** What is known now, as an outline, where what was known then is shown. */
  ghost: Bars | null;
  means: readonly Mean[];
  marks: readonly Mark[];
  range: { from: number; to: number };
  chosen: number;
  choose: (index: number) => void;
  label: string;
}

interface Parts {
  chart: IChartApi;
  candles: ISeriesApi<"Candlestick">;
  volume: ISeriesApi<"Histogram">;
  ghost: ISeriesApi<"Line">;
  marks: ISeriesMarkersPluginApi<Time>;
  means: ISeriesApi<"Line">[];
}

const MEAN_COLOURS = ["--accent", "--good", "--warn", "--bad", "--neutral"] as const;

/** A canvas needs the colour itself; a property with one for each theme gives it only where it is used. */
function colour(host: HTMLElement, name: string): string {
  const probe = host.appendChild(document.createElement("i"));
  probe.style.color = `var(${name})`;
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** Give everything the colours of the theme that holds now. */
function paint(host: HTMLElement, { chart, candles, volume, ghost, means }: Parts): void {
  const [up, down, line, ink] = [colour(host, "--up"), colour(host, "--down"), colour(host, "--line"), colour(host, "--quiet")];
  chart.applyOptions({
    layout: { background: { color: colour(host, "--raised") }, textColor: ink, panes: { separatorColor: line } },
    grid: { vertLines: { color: line }, horzLines: { color: line } },
    timeScale: { borderColor: line },
    rightPriceScale: { borderColor: line },
  });
  candles.applyOptions({ upColor: up, downColor: down, borderUpColor: up, borderDownColor: down, wickUpColor: up, wickDownColor: down });
  volume.applyOptions({ color: colour(host, "--line-strong") });
  ghost.applyOptions({ color: ink });
  means.forEach((series, at) => { series.applyOptions({ color: colour(host, MEAN_COLOURS[at] ?? "--neutral") }); });
}

function build(host: HTMLElement): Parts {
  const chart = createChart(host, {
    autoSize: true,
    // The logo would need an exception in the policy; the credit stands on the About page.
    layout: { attributionLogo: false, fontFamily: getComputedStyle(host).fontFamily },
    timeScale: { minBarSpacing: 0.05 },
  });
  const quiet = { lastValueVisible: false, priceLineVisible: false, crosshairMarkerVisible: false };
  const ghost = chart.addSeries(LineSeries, { ...quiet, lineWidth: 1, lineStyle: LineStyle.Dashed });
  const candles = chart.addSeries(CandlestickSeries, { priceLineVisible: false });
  const volume = chart.addSeries(HistogramSeries, { priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false }, 1);
  const means = MEAN_COLOURS.map(() => chart.addSeries(LineSeries, { ...quiet, lineWidth: 1 }));
  chart.panes()[1]?.setStretchFactor(0.25);
  return { chart, candles, volume, ghost, marks: createSeriesMarkers(candles, []), means };
}

/** A line's points; what is not known is a hole. */
function points(sessions: readonly string[], values: Float64Array) {
  return sessions.map((time, at) => {
    const value = values[at] ?? Number.NaN;
    return Number.isNaN(value) ? { time } : { time, value };
  });
}

/** Candles and volume. Arrows choose a bar, with Shift they pan; plus and minus zoom; Home and End go to the ends. */
export default function Chart({ bars, ghost, means, marks, range, chosen, choose, label }: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const parts = useRef<Parts | null>(null);
  const hover = useEffectEvent((logical: number | undefined) => {
    if (logical !== undefined && logical >= 0 && logical < bars.sessions.length) choose(logical);
  });

  useEffect(() => {
    const { current } = host;
    if (!current) return;
    const built = build(current);
    parts.current = built;
    const repaint = () => { paint(current, built); };
    repaint();
    // While the chart is dragged, no bar is meant: what stands below it would be drawn anew at each one that passes.
    let dragged = false;
    const leaving = new AbortController();
    const { signal } = leaving;
    current.addEventListener("pointerdown", () => { dragged = true; }, { signal });
    for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, () => { dragged = false; }, { signal });
    built.chart.subscribeCrosshairMove((move) => { if (!dragged) hover(move.point ? move.logical : undefined); });
    const themes = new MutationObserver(repaint);
    themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", repaint);
    return () => {
      leaving.abort();
      themes.disconnect();
      dark.removeEventListener("change", repaint);
      parts.current = null;
      built.chart.remove();
    };
  }, []);

  useEffect(() => {
    const at = (column: Float64Array, index: number) => column[index] ?? Number.NaN;
    parts.current?.candles.setData(
      bars.sessions.map((time, i) => ({ time, open: at(bars.open, i), high: at(bars.high, i), low: at(bars.low, i), close: at(bars.close, i) })),
    );
    parts.current?.volume.setData(points(bars.sessions, bars.volume));
  }, [bars]);
  useEffect(() => {
    parts.current?.ghost.setData(ghost ? points(ghost.sessions, ghost.close) : []);
  }, [ghost]);
  useEffect(() => {
    parts.current?.means.forEach((series, at) => {
      const mean = means[at];
      series.setData(mean ? points(bars.sessions, mean.values) : []);
    });
  }, [means, bars]);
  useEffect(() => {
    const { current } = host;
    if (!current) return;
    const color = colour(current, "--neutral");
    parts.current?.marks.setMarkers(marks.map(({ day, text }) => ({ time: day, text, position: "belowBar", shape: "square", color })));
  }, [marks, bars]);
  useEffect(() => {
    parts.current?.chart.timeScale().setVisibleLogicalRange(range);
  }, [range]);

  function keys(event: KeyboardEvent) {
    const scale = parts.current?.chart.timeScale();
    const seen = scale?.getVisibleLogicalRange();
    if (!scale || !seen) return;
    const width = seen.to - seen.from;
    const way = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    const last = bars.sessions.length - 1;
    const show = (from: number, to: number) => { scale.setVisibleLogicalRange({ from, to }); };
    const pick = (index: number) => {
      const to = Math.max(0, Math.min(last, index));
      const shift = to < seen.from ? to - seen.from - 0.5 : to > seen.to ? to - seen.to + 0.5 : 0;
      if (shift !== 0) show(seen.from + shift, seen.to + shift);
      const session = bars.sessions[to];
      if (session !== undefined && parts.current) parts.current.chart.setCrosshairPosition(bars.close[to] ?? 0, session, parts.current.candles);
      choose(to);
    };
    if (way !== 0 && event.shiftKey) show(seen.from + way * width * 0.1, seen.to + way * width * 0.1);
    else if (way !== 0) pick(chosen + way);
    else if (event.key === "Home") pick(0);
    else if (event.key === "End") pick(last);
    else if (event.key === "+" || event.key === "=") show(seen.from + width * 0.1, seen.to - width * 0.1);
    else if (event.key === "-") show(seen.from - width * 0.1, seen.to + width * 0.1);
    else return;
    event.preventDefault();
  }

  return (
    // The chart answers to arrows, so it must take the focus; what it shows is in the table below too.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions, jsx-a11y/no-noninteractive-tabindex -- a chart is a widget without a role of its own
    <div ref={host} className={css["chart"]} role="group" aria-roledescription="chart" aria-label={label} tabIndex={0} onKeyDown={keys} />
  );
}
