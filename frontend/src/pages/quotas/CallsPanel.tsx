import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { callsQuery, type Call } from "../../api/queries/providers";
import { bytes, number } from "../../format/numbers";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Missing } from "../../ui/Num";
import { Panel } from "../../ui/Panel";
import { Problem } from "../../ui/Problem";
import { Skeleton } from "../../ui/Skeleton";
import { Table, type Column } from "../../ui/Table";
import { Tabs } from "../../ui/Tabs";
import { When } from "../../ui/When";
import css from "./Page.module.css";
import { inWords } from "./words";

const COLUMNS: readonly Column<Call>[] = [
  { key: "at", title: "Reserved", cell: (call) => <When at={call.at} zone="local" precision="second" />, width: "minmax(96px, 1.2fr)" },
  {
    key: "purpose",
    title: "For",
    cell: (call) => <span title={call.error ?? call.purpose}>{inWords(call.purpose)}</span>,
    width: "minmax(120px, 2fr)",
  },
  { key: "outcome", title: "Outcome", cell: (call) => <OutcomeBadge call={call} />, width: "120px" },
  {
    key: "status",
    title: "Status",
    cell: (call) => call.status ?? <Missing why="No HTTP answer" />,
    width: "64px",
    align: "right",
    wide: true,
  },
  { key: "bytes", title: "Reply", cell: (call) => bytes(call.reply_bytes), width: "90px", align: "right", wide: true },
  {
    key: "took",
    title: "Took",
    cell: (call) =>
      call.duration_ms === null ? <Missing why="No answer" /> : `${number(call.duration_ms, { decimals: 1 })}\u00a0ms`,
    width: "90px",
    align: "right",
    wide: true,
  },
];

function OutcomeBadge({ call }: { call: Call }) {
  if (call.outcome === null) return <Badge title="Not answered yet, or lost in a crash: it counts all the same">open</Badge>;
  return (
    <Badge tone={call.outcome === "ok" ? "good" : "bad"} title={call.error ?? "Answered as asked"}>
      {inWords(call.outcome)}
    </Badge>
  );
}

/** The ledger's latest calls to a provider. */
export function CallsPanel({ names }: { names: readonly string[] }) {
  const [chosen, choose] = useState(names[0] ?? "");
  const calls = useInfiniteQuery(callsQuery(chosen));
  const rows = calls.data?.pages.flatMap((page) => page.items) ?? [];
  const tabs = names.map((name) => ({ key: name, title: inWords(name) }));
  return (
    <Panel title="Recent calls" note="machine time, the latest first" stale={calls.isPlaceholderData}>
      <Tabs label="Provider" tabs={tabs} chosen={chosen} choose={choose}>
        {calls.error && <Problem error={calls.error} retry={() => void calls.refetch()} />}
        {calls.isPending && <Skeleton lines={6} label="Loading the calls" />}
        {calls.data && rows.length === 0 && <Empty title="It was never called yet">A pipeline calls it when a gap is due.</Empty>}
        {rows.length > 0 && (
          <>
            <Table label={`Calls to ${chosen}`} columns={COLUMNS} rows={rows} rowKey={(call) => call.id} height={360} />
            {calls.hasNextPage && (
              <p className={css["more"]}>
                <Button disabled={calls.isFetchingNextPage} onClick={() => void calls.fetchNextPage()}>
                  {calls.isFetchingNextPage ? "Loading" : "Load earlier calls"}
                </Button>
              </p>
            )}
          </>
        )}
      </Tabs>
    </Panel>
  );
}
