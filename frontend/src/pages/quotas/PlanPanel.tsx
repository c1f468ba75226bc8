import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Clocks } from "../../api/queries/clocks";
import { planQuery, type Plan } from "../../api/queries/providers";
import { number } from "../../format/numbers";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Panel } from "../../ui/Panel";
import { Problem } from "../../ui/Problem";
import { Skeleton } from "../../ui/Skeleton";
import { Table, type Column } from "../../ui/Table";
import { Tabs } from "../../ui/Tabs";
import { When } from "../../ui/When";
import { dayAndTime, inWords, waitInWords } from "./words";

type Planned = Plan["calls"][number];
type Deferred = Plan["deferred"][number];

const CALLS: readonly Column<Planned>[] = [
  { key: "eta", title: "Leaves", cell: (call) => <When at={call.eta} precision="second" />, width: "minmax(96px, 1.2fr)" },
  { key: "provider", title: "Provider", cell: (call) => inWords(call.provider), width: "110px", wide: true },
  { key: "dataset", title: "Dataset", cell: (call) => inWords(call.dataset), width: "110px", wide: true },
  { key: "reason", title: "Why", cell: (call) => <span title={call.reason}>{call.reason}</span>, width: "minmax(160px, 3fr)" },
];
const WAITING: readonly Column<Deferred>[] = [
  { key: "dataset", title: "Dataset", cell: (gap) => inWords(gap.dataset), width: "110px" },
  { key: "what", title: "What", cell: (gap) => <span title={gap.subject}>{gap.subject}</span>, width: "minmax(120px, 1fr)", wide: true },
  { key: "count", title: "Gaps", cell: (gap) => number(gap.count), width: "70px", align: "right", wide: true },
  { key: "why", title: "Why it waits", cell: (gap) => <span title={gap.reason}>{gap.reason}</span>, width: "minmax(140px, 2fr)" },
  {
    key: "until",
    title: "Until",
    cell: (gap) => <When at={gap.until} why="Not known: it depends on what comes first" />,
    width: "170px",
    wide: true,
  },
];

/** The plan: which calls come next and why, and what waits for what. */
export function PlanPanel({ clocks }: { clocks: Clocks | null }) {
  const plan = useQuery(planQuery);
  const [tab, setTab] = useState<"calls" | "waiting">("calls");
  return (
    <Panel
      title="The plan"
      note={plan.data && <>as of <When at={plan.data.made_at} precision="second" /></>}
      stale={plan.isRefetching}
      actions={
        <Button disabled={plan.isFetching} onClick={() => void plan.refetch()}>
          {plan.isRefetching ? "Planning" : "Plan anew"}
        </Button>
      }
    >
      {plan.error && <Problem error={plan.error} retry={() => void plan.refetch()} />}
      {plan.isPending && <Skeleton lines={6} label="Making the plan" />}
      {plan.data && (
        <>
          <p>{summary(plan.data, clocks)}</p>
          <Tabs
            label="The plan"
            tabs={[
              { key: "calls", title: `Next calls (${number(plan.data.calls_total)})` },
              { key: "waiting", title: `What waits (${number(plan.data.deferred.length)})` },
            ]}
            chosen={tab}
            choose={setTab}
          >
            {tab === "calls" ? <Calls plan={plan.data} /> : <Waiting plan={plan.data} />}
          </Tabs>
        </>
      )}
    </Panel>
  );
}

function summary(plan: Plan, clocks: Clocks | null): string {
  if (plan.done_at === null) return "Nothing is due, or nothing may be asked now: what waits says why.";
  const wait = clocks && Date.parse(plan.done_at) > clocks.market ? ` (${waitInWords(plan.done_at, clocks)})` : "";
  const more = plan.more ? " More is due than fits before then." : "";
  return `${number(plan.calls_total)} calls, the last of them ${dayAndTime(plan.done_at)}${wait}.${more}`;
}

function Calls({ plan }: { plan: Plan }) {
  if (plan.calls.length === 0) return <Empty title="No call comes next" />;
  const key = (call: Planned) => `${call.provider} ${call.dataset} ${call.subject}`;
  return <Table label="The next calls" columns={CALLS} rows={plan.calls} rowKey={key} height={360} />;
}

function Waiting({ plan }: { plan: Plan }) {
  if (plan.deferred.length === 0) return <Empty title="Nothing waits">Every gap is in a call to come.</Empty>;
  const rows = plan.deferred;
  const key = (gap: Deferred) => rows.indexOf(gap);
  return <Table label="What waits" columns={WAITING} rows={rows} rowKey={key} height={360} />;
}
