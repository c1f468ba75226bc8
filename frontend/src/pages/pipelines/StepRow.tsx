import { useState } from "react";
import { useNow } from "../../api/queries/clocks";
import { number } from "../../format/numbers";
import { duration } from "../../format/times";
import { When } from "../../ui/When";
import css from "./RunPage.module.css";
import { StateBadge } from "./states";
import { figuresOf, PHASE_WORDS, segmentsOf, type Segment, type Step } from "./steps";

interface StepRowProps {
  step: Step;
  /** From when on it could go, when its run was made, and when that ended or now: machine time, epoch ms. */
  ready: number;
  made: number;
  end: number;
}

/** One part of a step: how it stands and what its time went into; opened, what it did and what went wrong. */
export function StepRow({ step, ready, made, end }: StepRowProps) {
  const [isOpen, open] = useState(false);
  const segments = segmentsOf(step, ready, end);
  const work = segments.filter((each) => each.phase !== "wait" && each.phase !== "queue");
  const worked = work.reduce((sum, each) => sum + each.until - each.from, 0) / 1000;
  return (
    <li>
      <details
        className={css["step"]}
        onToggle={(event) => {
          open(event.currentTarget.open);
        }}
      >
        <summary>
          <StateBadge state={step.state} />
          <span className={css["part"]} title={step.part || step.step}>
            {step.part || step.step}
          </span>
          <Segments segments={segments} from={made} until={end} />
          <span className={css["took"]}>{work.length > 0 ? duration(worked) : ""}</span>
        </summary>
        {isOpen && <Inside step={step} segments={segments} />}
      </details>
      {step.error !== null && (
        <p className={css["error"]} data-state={step.state}>
          {step.state === "dead" ? "Failed: " : step.state === "done" ? "Before it succeeded: " : "Last told: "}
          {step.error}
        </p>
      )}
    </li>
  );
}

function Segments({ segments, from, until }: { segments: readonly Segment[]; from: number; until: number }) {
  const span = Math.max(until - from, 1);
  const percent = (length: number) => `${((Math.max(0, length) / span) * 100).toFixed(3)}%`;
  return (
    <span className={css["segments"]} aria-hidden="true">
      {segments.map((each) => (
        <i
          key={each.phase}
          data-phase={each.phase}
          title={`${PHASE_WORDS[each.phase]}: ${duration((each.until - each.from) / 1000)}`}
          style={{ left: percent(each.from - from), width: percent(each.until - each.from) }}
        />
      ))}
    </span>
  );
}

function Inside({ step, segments }: { step: Step; segments: readonly Segment[] }) {
  return (
    <div className={css["inside"]}>
      <dl>
        {segments.map((each) => (
          <Pair key={each.phase} name={PHASE_WORDS[each.phase]} value={duration((each.until - each.from) / 1000)} />
        ))}
        <Pair name="attempts" value={`${step.attempt} of 5${step.crashes ? `, ${step.crashes} lost with a worker` : ""}`} />
        {step.owner !== null && <Pair name="worker" value={step.owner} />}
        {step.state === "running" && <Pair name="lease ends" value={<Lease until={step.free_at} />} />}
        {step.state === "ready" && <Pair name="may go from" value={<When at={step.free_at} zone="local" precision="second" />} />}
        {step.call && <Pair name="call" value={`${step.call.provider}, ${step.call.outcome ?? "under way, or lost"}`} />}
      </dl>
      {step.report ? (
        <dl aria-label="Report">
          {figuresOf(step.report).map((figure) => (
            <Pair
              key={figure.label}
              name={figure.label}
              value={typeof figure.value === "number" ? number(figure.value, { decimals: decimalsOf(figure.value) }) : figure.value}
            />
          ))}
        </dl>
      ) : (
        <p>No report yet: a step reports when it is done.</p>
      )}
      {step.report?.notes !== undefined && step.report.notes.length > 0 && (
        <ul className={css["notes"]}>
          {step.report.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

function decimalsOf(value: number): number {
  return Number.isInteger(value) ? 0 : 3;
}

/** The lease as it ticks; a worker that lives renews it again and again. */
function Lease({ until }: { until: string }) {
  const left = (Date.parse(until) - useNow(1_000)) / 1000;
  return left > 0 ? `in ${duration(Math.ceil(left))}, unless it is renewed` : "over: anybody may take it on";
}

function Pair({ name, value }: { name: string; value: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
