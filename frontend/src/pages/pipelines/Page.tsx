import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useSearchParams } from "wouter";
import { useClocks, type Clocks } from "../../api/queries/clocks";
import { pipelinesQuery, runsQuery } from "../../api/queries/pipelines";
import { findingsQuery } from "../../api/queries/health";
import { duration, zoneName, type Zone } from "../../format/times";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Panel } from "../../ui/Panel";
import { Problem } from "../../ui/Problem";
import { Skeleton } from "../../ui/Skeleton";
import { OrderDialog, type Wanted } from "./OrderDialog";
import css from "./Page.module.css";
import { PipelineRow } from "./PipelineRow";
import { Timeline } from "./Timeline";
import { tally, WINDOWS } from "./timeline";

const HOUR = 3_600;
// On a fast replay an hour holds thousands of runs.
const FAST = 60;
const TEN_MINUTES = 600;

/** The pipelines: what ran and runs, when each comes next, and what an operator may start. */
export default function Page() {
  const clocks = useClocks();
  const pipelines = useQuery(pipelinesQuery);
  const [search, setSearch] = useSearchParams();
  const wanted = wantedOf(search);
  const want = (next: Wanted | null) => {
    setSearch(next === null ? {} : { [next.what]: next.name }, { replace: true });
  };
  return (
    <div className={css["page"]}>
      <h1>Pipelines</h1>
      <Keeper />
      {pipelines.error && <Problem error={pipelines.error} retry={() => void pipelines.refetch()} />}
      {pipelines.isPending && <Skeleton lines={8} label="Loading the pipelines" />}
      {pipelines.data?.items.length === 0 && (
        <Empty title="No pipeline is declared yet">
          A worker declares them when it starts. Run <code>ops/start.sh</code>, or <code>groat work</code> beside this API.
        </Empty>
      )}
      {pipelines.data && pipelines.data.items.length > 0 && (
        <>
          {clocks && <Runs names={pipelines.data.items.map((each) => each.spec.name)} clocks={clocks} />}
          <Panel title="Schedules" note="ticks are market time">
            <ul role="list" className={css["list"]}>
              {pipelines.data.items.map((each) => (
                <PipelineRow key={each.spec.name} pipeline={each} clocks={clocks} want={want} />
              ))}
            </ul>
          </Panel>
        </>
      )}
      {wanted && clocks && (
        <OrderDialog
          key={`${wanted.what} ${wanted.name}`}
          wanted={wanted}
          market={clocks.market}
          close={() => {
            want(null);
          }}
        />
      )}
    </div>
  );
}

function wantedOf(search: URLSearchParams): Wanted | null {
  for (const what of ["start", "backfill"] as const) {
    const name = search.get(what);
    if (name) return { what, name };
  }
  return null;
}

function Keeper() {
  const { data } = useQuery(findingsQuery);
  const keeper = data?.checks["keeper"];
  if (!keeper || keeper.state === "up" || keeper.state === "busy" || keeper.state === "off") return null;
  return (
    <p role="status" className={css["warning"]}>
      <strong>The schedule is not kept.</strong> Nobody ticked it
      {typeof keeper.age_s === "number" ? ` for ${duration(keeper.age_s)}` : " yet"}: start a worker with{" "}
      <code>ops/start.sh</code>; what was missed is caught up as declared.
    </p>
  );
}

function Runs({ names, clocks }: { names: readonly string[]; clocks: Clocks }) {
  const [seconds, setSeconds] = useState<number>(() => (clocks.speed > FAST ? TEN_MINUTES : HOUR));
  const [zone, setZone] = useState<Zone>("local");
  const found = useInfiniteQuery(runsQuery(seconds));
  const runs = useMemo(() => found.data?.pages.flatMap((page) => page.items) ?? [], [found.data]);
  const counts = tally(runs);
  const oldest = runs.at(-1);
  const knownFrom = found.hasNextPage && oldest ? Date.parse(oldest.created_at) : null;
  const note = found.data
    ? runs.length === 0
      ? "no runs were executing in this window"
      : `${counts.running} in progress, ${counts.done} succeeded, ${counts.failed} failed`
    : undefined;
  return (
    <Panel
      title="Runs"
      note={note}
      flush
      stale={found.isPlaceholderData}
      actions={
        <>
          <Choice label="Window" value={String(seconds)} set={(value) => { setSeconds(Number(value)); }}>
            {WINDOWS.map((each) => (
              <option key={each.seconds} value={each.seconds}>
                {each.label}
              </option>
            ))}
          </Choice>
          <Choice label="Time zone" value={zone} set={(value) => { setZone(value as Zone); }}>
            {(["local", "exchange", "utc"] as const).map((each) => (
              <option key={each} value={each}>
                {zoneName(each)} {each === "local" ? "(here)" : each === "exchange" ? "(exchange)" : ""}
              </option>
            ))}
          </Choice>
        </>
      }
    >
      {found.error && <Problem error={found.error} retry={() => void found.refetch()} />}
      {found.data && (
        <Timeline names={names} runs={runs} seconds={seconds} now={clocks.machine} zone={zone} knownFrom={knownFrom} />
      )}
      <p className={css["foot"]}>
        Machine time, in {zoneName(zone)}. A dashed bar goes on.
        {knownFrom !== null && (
          <>
            {" "}
            The hatched part has runs that are not loaded.{" "}
            <Button look="quiet" disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
              {found.isFetchingNextPage ? "Loading" : "Load earlier runs"}
            </Button>
          </>
        )}
      </p>
    </Panel>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  set: (value: string) => void;
  children: React.ReactNode;
}

function Choice({ label, value, set, children }: ChoiceProps) {
  return (
    <select
      aria-label={label}
      className={css["choice"]}
      value={value}
      onChange={(event) => {
        set(event.target.value);
      }}
    >
      {children}
    </select>
  );
}
