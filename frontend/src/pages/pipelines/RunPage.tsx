import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useParams } from "wouter";
import { useClocks } from "../../api/queries/clocks";
import { pipelinesQuery, runQuery, stepsQuery, useOrder, type Run } from "../../api/queries/pipelines";
import { duration } from "../../format/times";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Panel } from "../../ui/Panel";
import { Problem } from "../../ui/Problem";
import { Skeleton } from "../../ui/Skeleton";
import { When } from "../../ui/When";
import page from "./Page.module.css";
import css from "./RunPage.module.css";
import { countsInWords, StateBadge } from "./states";
import { StepRow } from "./StepRow";
import { groupSteps, isUnsettled, PHASE_WORDS, readySince, type Phase, type Step, type StepGroup } from "./steps";
import { useOperator } from "./useOperator";

/** A run: its steps in the order in which they can go, what each took and did, and what failed. */
export default function RunPage() {
  const id = Number(useParams<{ id: string }>().id);
  const run = useQuery(runQuery(id));
  if (run.error) {
    return (
      <div className={page["page"]}>
        <Link href="/pipelines">All pipelines</Link>
        <Problem error={run.error} retry={() => void run.refetch()} />
      </div>
    );
  }
  if (run.data === undefined) return <Skeleton lines={10} label="Loading the run" />;
  return <Shown run={run.data} />;
}

function Shown({ run }: { run: Run }) {
  const clocks = useClocks();
  const order = useOrder();
  const operator = useOperator();
  const dead = run.steps["dead"] ?? 0;
  const made = Date.parse(run.created_at);
  const now = clocks?.machine ?? made;
  const end = run.ended_at === null ? Math.max(now, made) : Date.parse(run.ended_at);
  return (
    <div className={page["page"]}>
      <nav aria-label="Way back">
        <Link href="/pipelines">All pipelines</Link>
      </nav>
      <header className={css["head"]}>
        <h1>
          {run.pipeline} <span className={css["number"]}>run {run.id}</span>
        </h1>
        <StateBadge state={run.state} />
        {dead > 0 && (
          <Button
            look="primary"
            disabled={order.isPending}
            onClick={() => {
              operator(() => {
                order.mutate({ what: "retry", run: run.id });
              }, `/pipelines/runs/${run.id}`);
            }}
          >
            Retry {dead} dead {dead === 1 ? "step" : "steps"}
          </Button>
        )}
      </header>
      {order.error && <Problem error={order.error} />}
      <dl className={css["facts"]}>
        <Fact name="Window">
          <code>{run.window}</code>
        </Fact>
        <Fact name="Began">
          <When at={run.created_at} zone="local" precision="second" />
        </Fact>
        <Fact name={run.ended_at === null ? "Running for" : "Took"}>
          <span role="timer">{duration((end - made) / 1000)}</span>
        </Fact>
        <Fact name="Steps">{countsInWords(run.steps) || "none yet"}</Fact>
        {Object.keys(run.args).length > 0 && (
          <Fact name="Arguments">
            <code>
              {Object.entries(run.args)
                .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
                .join(", ")}
            </code>
          </Fact>
        )}
      </dl>
      <Progress steps={run.steps} />
      <Steps run={run} made={made} end={end} />
    </div>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Progress({ steps }: { steps: Run["steps"] }) {
  const total = Object.values(steps).reduce((sum, count) => sum + count, 0);
  const done = steps["done"] ?? 0;
  return (
    <div className={css["progress"]}>
      <progress max={Math.max(total, 1)} value={done} aria-label="Steps done" />
      <span>
        {done.toLocaleString()} of {total.toLocaleString()} steps done
      </span>
    </div>
  );
}

const PHASES: readonly Phase[] = ["queue", "wait", "quota", "fetch", "write", "work"];

function Steps({ run, made, end }: { run: Run; made: number; end: number }) {
  const [only, setOnly] = useState(false);
  const steps = useInfiniteQuery(stepsQuery(run.id));
  const pipelines = useQuery(pipelinesQuery);
  const specs = pipelines.data?.items.find((each) => each.spec.name === run.pipeline)?.spec.steps ?? [];
  const all = steps.data?.pages.flatMap((each) => each.items) ?? [];
  const groups = groupSteps(specs, all);
  const shown = only ? all.filter(isUnsettled) : all;
  return (
    <Panel
      title="Steps"
      note="in the order in which they can go"
      actions={
        <label className={css["only"]}>
          <input
            type="checkbox"
            checked={only}
            onChange={(event) => {
              setOnly(event.target.checked);
            }}
          />{" "}
          Only failed and pending
        </label>
      }
    >
      {steps.error && <Problem error={steps.error} retry={() => void steps.refetch()} />}
      {steps.isPending && <Skeleton lines={6} label="Loading the steps" />}
      {steps.data && (
        <>
          <ul role="list" className={css["legend"]} aria-label="What the colours mean">
            {PHASES.map((phase) => (
              <li key={phase}>
                <i className={css["swatch"]} data-phase={phase} /> {PHASE_WORDS[phase]}
              </li>
            ))}
          </ul>
          {only && shown.length === 0 && <Empty title="Nothing failed, and nothing is pending" />}
          {groups.map((group, index) => (
            <Group
              key={group.name}
              group={group}
              number={index + 1}
              parts={group.parts.filter((part) => !only || isUnsettled(part))}
              isFiltered={only}
              all={all}
              made={made}
              end={end}
            />
          ))}
          {steps.hasNextPage && (
            <Button disabled={steps.isFetchingNextPage} onClick={() => void steps.fetchNextPage()}>
              {steps.isFetchingNextPage ? "Loading" : `Load more than these ${all.length} steps`}
            </Button>
          )}
        </>
      )}
    </Panel>
  );
}

interface GroupProps {
  group: StepGroup;
  number: number;
  parts: readonly Step[];
  isFiltered: boolean;
  all: readonly Step[];
  made: number;
  end: number;
}

function Group({ group, number, parts, isFiltered, all, made, end }: GroupProps) {
  if (isFiltered && parts.length === 0) return null;
  const counts: Record<string, number> = {};
  for (const part of group.parts) counts[part.state] = (counts[part.state] ?? 0) + 1;
  return (
    <section aria-label={`Step ${group.name}`} className={css["group"]}>
      <h3>
        {number}. {group.name} <span className={page["quiet"]}>{countsInWords(counts) || "no part yet"}</span>
      </h3>
      <p className={page["quiet"]}>
        {group.summary} {group.needs.length > 0 && <>After {group.needs.join(", ")}.</>}
      </p>
      <ul role="list">
        {parts.map((part) => (
          <StepRow key={part.part} step={part} ready={readySince(part, all, made)} made={made} end={end} />
        ))}
      </ul>
    </section>
  );
}
