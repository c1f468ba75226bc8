import { Link } from "wouter";
import type { Clocks } from "../../api/queries/clocks";
import { useOrder, type Pipeline } from "../../api/queries/pipelines";
import { duration } from "../../format/times";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { Problem } from "../../ui/Problem";
import { When } from "../../ui/When";
import { cronInWords } from "./cron";
import type { Wanted } from "./OrderDialog";
import css from "./Page.module.css";
import { countsInWords, StateBadge } from "./states";
import { useOperator } from "./useOperator";

// Those that read `from` and `until` of a backfill; the others are about the present.
const DATED: ReadonlySet<string> = new Set(["daily_bars"]);

interface PipelineRowProps {
  pipeline: Pipeline;
  clocks: Clocks | null;
  want: (wanted: Wanted) => void;
}

/** A pipeline: what it does, when it runs, how it went last, and what an operator may do with it. */
export function PipelineRow({ pipeline, clocks, want }: PipelineRowProps) {
  const { spec, paused, last_run: last } = pipeline;
  const order = useOrder();
  const operator = useOperator();
  const zone = spec.tz === "America/New_York" ? "New York" : spec.tz;
  return (
    <li className={css["pipeline"]}>
      <div>
        <h3>
          {spec.name} {paused && <Badge tone="warn">paused</Badge>}
        </h3>
        <p className={css["quiet"]}>{spec.summary}</p>
      </div>
      <div>
        <p title={`cron ${spec.cron} in ${spec.tz}`}>
          {cronInWords(spec.cron)} <span className={css["quiet"]}>{zone}</span>
        </p>
        <p className={css["quiet"]}>
          {paused ? "No next tick: its schedule is paused" : <Next due={pipeline.next_due} clocks={clocks} />}
        </p>
      </div>
      <div>
        {last === null ? (
          <span className={css["quiet"]}>Never ran yet</span>
        ) : (
          <>
            <p>
              <StateBadge state={last.state} /> <Link href={`/pipelines/runs/${last.id}`}>run {last.id}</Link>
            </p>
            <p className={css["quiet"]}>{countsInWords(last.steps)}</p>
          </>
        )}
      </div>
      <div className={css["ways"]}>
        <Button
          disabled={order.isPending}
          aria-label={`${paused ? "Resume" : "Pause"} ${spec.name}`}
          onClick={() => {
            operator(() => {
              order.mutate({ what: paused ? "resume" : "pause", name: spec.name });
            }, "/pipelines");
          }}
        >
          {paused ? "Resume" : "Pause"}
        </Button>
        <Button
          aria-label={`Start ${spec.name}`}
          onClick={() => {
            operator(() => {
              want({ what: "start", name: spec.name });
            }, `/pipelines?start=${spec.name}`);
          }}
        >
          Start
        </Button>
        {DATED.has(spec.name) && (
          <Button
            aria-label={`Backfill ${spec.name}`}
            onClick={() => {
              operator(() => {
                want({ what: "backfill", name: spec.name });
              }, `/pipelines?backfill=${spec.name}`);
            }}
          >
            Backfill
          </Button>
        )}
      </div>
      {order.error && (
        <div className={css["whole"]}>
          <Problem error={order.error} />
        </div>
      )}
    </li>
  );
}

function Next({ due, clocks }: { due: string; clocks: Clocks | null }) {
  const wait = clocks === null ? null : (Date.parse(due) - clocks.market) / 1000;
  return (
    <>
      next <When at={due} />
      {wait !== null && clocks !== null && wait > 0 && clocks.speed > 1 && (
        <span title={`Market time runs ${clocks.speed.toLocaleString()} times as fast`}>
          , in {duration(wait)}: {duration(wait / clocks.speed)} here
        </span>
      )}
      {wait !== null && clocks?.speed === 1 && wait > 0 && `, in ${duration(wait)}`}
      {wait !== null && wait <= 0 && ", due now"}
    </>
  );
}
