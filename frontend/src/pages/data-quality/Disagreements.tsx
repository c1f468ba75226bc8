import { useInfiniteQuery } from "@tanstack/react-query";
import { useSearchParams } from "wouter";
import { disagreementsQuery, type Disagreement } from "../../api/queries/quality";
import { number, percent } from "../../format/numbers";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Missing } from "../../ui/Num";
import { Panel } from "../../ui/Panel";
import { Problem } from "../../ui/Problem";
import { Skeleton } from "../../ui/Skeleton";
import { Table, type Column } from "../../ui/Table";
import { When } from "../../ui/When";
import { Choice } from "./Choice";
import css from "./Page.module.css";

const ABOUT = [["fundamentals", "Fundamentals"], ["bars", "Daily bars"]] as const;

function Word({ row, at }: { row: Disagreement; at: number }) {
  const opinion = row.opinions[at];
  if (!opinion) return <Missing why="Only one provider is left" />;
  const value = typeof opinion.value === "number" ? number(opinion.value, { decimals: 2 }) : opinion.value;
  return (
    <span title={`${opinion.provider}, known since ${opinion.known_at}`}>
      {value} <span className={css["quiet"]}>{opinion.provider}</span>
    </span>
  );
}

const COLUMNS: readonly Column<Disagreement>[] = [
  { key: "symbol", title: "Symbol", cell: (row) => <a href={`/instruments/${encodeURIComponent(row.symbol)}`}>{row.symbol}</a>, width: "minmax(64px, 0.6fr)" },
  { key: "subject", title: "Of what", cell: (row) => row.subject.replaceAll("_", " "), width: "minmax(110px, 1.4fr)" },
  { key: "one", title: "One says", align: "right", wide: true, width: "minmax(150px, 1.2fr)", cell: (row) => <Word row={row} at={0} /> },
  { key: "other", title: "The other says", align: "right", wide: true, width: "minmax(150px, 1.2fr)", cell: (row) => <Word row={row} at={1} /> },
  { key: "difference", title: "Difference", align: "right", cell: (row) => <span title={`more than ${percent(row.tolerance, 1, false)} is a disagreement`}>{percent(row.difference, 1, false)}</span>, width: "minmax(80px, 0.7fr)" },
  { key: "known", title: "Known since (market time)", wide: true, width: "minmax(170px, 1.2fr)", cell: (row) => <When at={row.opinions.map((each) => each.known_at).toSorted().at(-1)} /> },
];

/** What two or more providers tell differently, with who said it and since when. */
export function Disagreements() {
  const [search, setSearch] = useSearchParams();
  const about = ABOUT.find(([key]) => key === search.get("about"))?.[0] ?? "fundamentals";
  const found = useInfiniteQuery(disagreementsQuery(about));
  const rows = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <div className={css["stack"]}>
      <Panel title="Where providers disagree" note="Who is right is not decided here" flush stale={found.isPlaceholderData}>
        <div className={css["filters"]}>
          <Choice label="About" value={about} options={ABOUT} choose={(value) => { setSearch({ tab: "disagreements", about: value }); }} />
        </div>
        {found.isPending && <Skeleton lines={8} label="Comparing what providers told" />}
        {found.isError && <Problem error={found.error} retry={() => void found.refetch()} />}
        {found.data && rows.length === 0 && <Empty title="No disagreement">Either the providers agree within their tolerance, or only one was asked so far: the plan asks a second one in turn.</Empty>}
        {rows.length > 0 && <Table label="Where providers disagree" columns={COLUMNS} rows={rows} rowKey={(row) => `${row.symbol} ${row.subject}`} />}
        {found.hasNextPage && <p className={css["foot"]}><Button disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>Show more</Button></p>}
      </Panel>
    </div>
  );
}
