import { useState } from "react";
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

/** So close together, two bars cannot be told apart: a share of the frame. */
const CLOSE = 0.004;

/** One row for each pipeline; overlapping runs are one bar with their number, which lists them when it is chosen. */
export function Timeline({ names, runs, seconds, now, zone, knownFrom }: TimelineProps) {
  const [chosen, choose] = useState<{ name: string; ids: readonly number[] } | null>(null);
  const frame = frameOf(seconds, now);
  const zoneId = zoneName(zone);
  const edges = dayEdges(frame, zoneId);
  const marks = timeMarks(frame, zoneId, 6);
  const listed = chosen ? runs.filter((run) => chosen.ids.includes(run.id)) : [];
  return (
    <div>
      <div className={css["chart"]}>
        <Axis edges={edges} marks={marks} frame={frame} now={now} />
        <ul role="list">
          {names.map((name) => {
            const own = runs.filter((run) => run.pipeline === name);
            const bars = mergeRuns(own, frame, now, (frame.until - frame.from) * CLOSE);
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
  zone: string;
  choose: () => void;
}

function OneBar({ bar, name, frame, zone, choose }: OneBarProps) {
  const left = placeOf(bar.from, frame);
  const width = placeOf(bar.until, frame) - left;
  const place = { left: `${(left * 100).toFixed(3)}%`, width: `${(width * 100).toFixed(3)}%` };
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
    return <Link href={`/pipelines/runs/${only.id}`} data-state={only.state} {...shared} />;
  }
  return (
    <button type="button" data-state={stateOf(bar.runs)} data-many="" onClick={choose} {...shared}>
      <span className={css["count"]}>{bar.runs.length}</span>
    </button>
  );
}
