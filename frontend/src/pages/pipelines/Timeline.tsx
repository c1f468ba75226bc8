import { useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { zoneName, type Zone } from "../../format/times";
import { StateBadge } from "./states";
import {
  dayEdges,
  frameOf,
  mergeRuns,
  placeOf,
  stateOf,
  tally,
  timeMarks,
  type Bar,
  type Edge,
  type Frame,
  type Run,
} from "./timeline";
import css from "./Timeline.module.css";

interface TimelineProps {
  names: readonly string[];
  runs: readonly Run[];
  seconds: number;
  /** Machine time, epoch ms. */
  now: number;
  zone: Zone;
  /** From when on every run is known; earlier ones were not loaded. Null when all are. */
  knownFrom: number | null;
}

/** The least width that a finger or a pointer can hit (WCAG 2.5.8), in px; bars closer than that are one. */
const LEAST = 24;

/** One row for each pipeline; overlapping runs are one bar with their number, which lists them when it is chosen. */
export function Timeline({ names, runs, seconds, now, zone, knownFrom }: TimelineProps) {
  const [chosen, choose] = useState<{ name: string; ids: readonly number[] } | null>(null);
  const chart = useRef<HTMLDivElement>(null);
  const width = useTrackWidth(chart);
  const frame = frameOf(seconds, now);
  const zoneId = zoneName(zone);
  const edges = dayEdges(frame, zoneId);
  const marks = timeMarks(frame, zoneId, 6);
  const listed = chosen ? runs.filter((run) => chosen.ids.includes(run.id)) : [];
  return (
    <div>
      <div className={css["chart"]} ref={chart}>
        <Axis edges={edges} marks={marks} frame={frame} now={now} />
        <ul role="list">
          {names.map((name) => {
            const own = runs.filter((run) => run.pipeline === name);
            const bars = mergeRuns(own, frame, now, ((frame.until - frame.from) * LEAST) / width);
            return (
              <li key={name} className={css["row"]}>
                <span className={css["name"]}>{name}</span>
                <div className={css["track"]}>
                  {edges.map((edge) => (
                    <i key={edge.at} className={css["edge"]} style={{ left: percent(edge.at, frame) }} />
                  ))}
                  {knownFrom !== null && knownFrom > frame.from && (
                    <i className={css["unknown"]} style={{ width: percent(knownFrom, frame) }} />
                  )}
                  <i className={css["now"]} style={{ left: percent(now, frame) }} />
                  {bars.map((bar) => (
                    <OneBar
                      key={bar.runs[0]?.id}
                      bar={bar}
                      name={name}
                      frame={frame}
                      width={width}
                      zone={zoneId}
                      choose={() => {
                        choose({ name, ids: bar.runs.map((run) => run.id) });
                      }}
                    />
                  ))}
                </div>
              </li>
            );
          })}
        </ul>
      </div>
      {chosen !== null && listed.length > 0 && (
        <section className={css["chosen"]} aria-label={`Runs of ${chosen.name}`}>
          <strong>
            {listed.length} runs of {chosen.name}
          </strong>
          <ul role="list">
            {listed.slice(0, 60).map((run) => (
              <li key={run.id}>
                <Link href={`/pipelines/runs/${run.id}`}>{run.window}</Link> <StateBadge state={run.state} />
              </li>
            ))}
          </ul>
          {listed.length > 60 && <p>The first 60 of them: choose a shorter window to see fewer at once.</p>}
        </section>
      )}
    </div>
  );
}

/** Return how wide the rows' tracks are, in px, also when the window changes. */
function useTrackWidth(chart: React.RefObject<HTMLDivElement | null>): number {
  const [width, setWidth] = useState(800);
  useEffect(() => {
    const track = chart.current?.querySelector(`.${css["track"] ?? ""}`);
    if (!track) return;
    const seen = new ResizeObserver(([entry]) => {
      if (entry && entry.contentRect.width > 0) setWidth(entry.contentRect.width);
    });
    seen.observe(track);
    return () => {
      seen.disconnect();
    };
  }, [chart]);
  return width;
}

function percent(at: number, frame: Frame): string {
  return `${(placeOf(at, frame) * 100).toFixed(3)}%`;
}

function Axis({ edges, marks, frame, now }: { edges: Edge[]; marks: Edge[]; frame: Frame; now: number }) {
  return (
    <div className={css["axis"]} aria-hidden="true">
      <span />
      <div className={css["scale"]}>
        {[...edges, ...marks].map((mark) => (
          <span
            key={mark.at}
            className={edges.includes(mark) ? css["day"] : undefined}
            hidden={placeOf(mark.at, frame) > 0.86}
            style={{ left: percent(mark.at, frame) }}
          >
            {mark.label}
          </span>
        ))}
        <span className={css["nowLabel"]} style={{ left: percent(now, frame) }}>
          Now
        </span>
      </div>
    </div>
  );
}

interface OneBarProps {
  bar: Bar;
  name: string;
  frame: Frame;
  width: number;
  zone: string;
  choose: () => void;
}

function OneBar({ bar, name, frame, width, zone, choose }: OneBarProps) {
  const left = placeOf(bar.from, frame) * width;
  const length = placeOf(bar.until, frame) * width - left;
  const place = { left: Math.max(0, Math.min(left, width - LEAST)), width: Math.max(length, LEAST) };
  const clock = new Intl.DateTimeFormat(undefined, { timeZone: zone, timeStyle: "medium" });
  const counts = tally(bar.runs);
  const told = [
    counts.running && `${counts.running} in progress`,
    counts.done && `${counts.done} succeeded`,
    counts.failed && `${counts.failed} failed`,
  ];
  const label = `${name}, ${clock.format(bar.from)} to ${clock.format(bar.until)}: ${told.filter(Boolean).join(", ")}`;
  const [only] = bar.runs;
  const shared = { className: css["bar"], style: place, title: label, "aria-label": label };
  if (bar.runs.length === 1 && only) {
    return (
      <Link href={`/pipelines/runs/${only.id}`} data-state={only.state} {...shared}>
        <i style={{ width: Math.max(length, 6) }} />
      </Link>
    );
  }
  return (
    <button type="button" data-state={stateOf(bar.runs)} data-many="" onClick={choose} {...shared}>
      <i style={{ width: "100%" }} />
      <span className={css["count"]}>{bar.runs.length}</span>
    </button>
  );
}
