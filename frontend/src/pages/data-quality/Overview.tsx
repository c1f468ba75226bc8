import { useQuery } from "@tanstack/react-query";
import { calendarQuery, gapPlanQuery, qualityQuery, type DatasetQuality } from "../../api/queries/quality";
import { systemQuery } from "../../api/queries/system";
import { percent } from "../../format/numbers";
import { Badge, type Tone } from "../../ui/Badge";
import { Empty } from "../../ui/Empty";
import { Missing, Num } from "../../ui/Num";
import { Panel } from "../../ui/Panel";
import { Problem } from "../../ui/Problem";
import { Skeleton } from "../../ui/Skeleton";
import { Table, type Column } from "../../ui/Table";
import { Day, When } from "../../ui/When";
import { Calendar } from "./Calendar";
import { calendarYear, exchangeDay, freshnessOf, type Freshness } from "./freshness";
import { gapsOf, type Gap } from "./gaps";
import css from "./Page.module.css";
import { titleOf, total } from "./words";

const TONES: Readonly<Record<Freshness["state"], Tone>> = { fresh: "good", due: "neutral", late: "warn", not_computed: "neutral" };

/** Every dataset's state, a year of sessions, and the gaps with their reasons. */
export function Overview() {
  const system = useQuery(systemQuery);
  const today = system.data ? exchangeDay(system.data.market_time) : null;
  const year = calendarYear(today ?? "2010-01-01");
  const quality = useQuery(qualityQuery);
  const calendar = useQuery({ ...calendarQuery(year.from, year.until), enabled: today !== null });
  const plan = useQuery(gapPlanQuery);
  const failed = [system, quality, calendar, plan].find((query) => query.isError && query.data === undefined);
  if (failed) return <Problem error={failed.error} retry={() => void failed.refetch()} />;
  if (!today || !quality.data || !calendar.data) return <Skeleton height={480} label="Reading how the data stand" />;
  const sessions = calendar.data.items;
  return (
    <div className={css["overview"]}>
      <Panel title="Datasets" note="Freshness counts trading days of the exchange" flush stale={quality.isPlaceholderData}>
        <Datasets items={quality.data.items} sessions={sessions.map((each) => each.session)} today={today} />
      </Panel>
      <Panel title="Daily bars, session by session" note={<>Bars stored of bars expected, up to <Day day={today} /></>}>
        {sessions.length > 0 ? <Calendar sessions={sessions} /> : <Empty title="No session is over yet">The calendar fills when the market has closed once.</Empty>}
      </Panel>
      <Panel title="Gaps" note="Final sessions of which not everything is stored, or nothing was there to store" flush>
        {plan.data ? <Gaps gaps={gapsOf(sessions, plan.data)} /> : <Skeleton lines={3} label="Reading the plan" />}
      </Panel>
    </div>
  );
}

function Datasets({ items, sessions, today }: { items: readonly DatasetQuality[]; sessions: readonly string[]; today: string }) {
  const columns: Column<DatasetQuality>[] = [
    { key: "dataset", title: "Dataset", cell: (row) => titleOf(row.dataset), width: "minmax(110px, 1.5fr)" },
    { key: "fresh", title: "Freshness", cell: (row) => <Fresh {...freshnessOf(row, sessions, today)} />, width: "minmax(150px, 1.5fr)" },
    { key: "newest", title: "Newest", cell: (row) => <Day day={row.newest ?? null} why="Not computed" />, wide: true },
    { key: "complete", title: "Complete", align: "right", cell: (row) => (row.completeness == null ? <Missing why="Not computed for this dataset" /> : percent(row.completeness, 1, false)) },
    { key: "gaps", title: "Gaps", align: "right", wide: true, cell: (row) => <Num value={row.gaps} why="Has no sessions to miss" /> },
    { key: "held", title: "Held", align: "right", wide: true, cell: (row) => <Num value={total(row.held)} unit="rows" /> },
    { key: "flags", title: "In doubt", align: "right", wide: true, cell: (row) => <Num value={total(row.flags)} unit="bars" /> },
    { key: "known", title: "Last answer (market time)", wide: true, width: "minmax(200px, 2fr)", cell: (row) => <When at={row.known_at ?? null} why="No answer yet" /> },
  ];
  return <Table label="How each dataset stands" columns={columns} rows={items} rowKey={(row) => row.dataset} />;
}

function Fresh({ state, text }: Freshness) {
  return (
    <Badge tone={TONES[state]} title={text}>
      {state === "not_computed" ? "NOT COMPUTED" : text}
    </Badge>
  );
}

function Gaps({ gaps }: { gaps: readonly Gap[] }) {
  if (gaps.length === 0) return <Empty title="There is no gap">Every final session of the year shown is stored in whole.</Empty>;
  const columns: Column<Gap>[] = [
    { key: "when", title: "Sessions", width: "minmax(130px, 1fr)", cell: (gap) => (gap.first === gap.last ? <Day day={gap.first} /> : <><Day day={gap.first} /> to <Day day={gap.last} /></>) },
    { key: "count", title: "Count", align: "right", width: "96px", wide: true, cell: (gap) => <Num value={gap.sessions} unit={gap.sessions === 1 ? "session" : "sessions"} /> },
    { key: "why", title: "Reason", width: "minmax(160px, 3fr)", cell: (gap) => <span title={gap.reason}>{gap.reason}</span> },
    { key: "until", title: "Expected (market time)", wide: true, width: "minmax(180px, 1fr)", cell: (gap) => <When at={gap.until} why="Nobody can tell" /> },
  ];
  return <Table label="Gaps" columns={columns} rows={gaps} rowKey={(gap) => gap.first} height={280} />;
}
