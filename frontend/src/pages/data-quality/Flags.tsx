import { useInfiniteQuery } from "@tanstack/react-query";
import { useSearchParams } from "wouter";
import { flagsQuery, type Flag, type FlagFilter } from "../../api/queries/quality";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Panel } from "../../ui/Panel";
import { Problem } from "../../ui/Problem";
import { Skeleton } from "../../ui/Skeleton";
import { Table, type Column } from "../../ui/Table";
import { Day, When } from "../../ui/When";
import { Choice } from "./Choice";
import css from "./Page.module.css";
import { FLAG_RULES, ruleInWords } from "./words";

const RULES = [["", "All"], ...FLAG_RULES.map((rule) => [rule, ruleInWords(rule)] as const)] as const;
const STANDINGS = [["open", "Open"], ["confirmed", "Confirmed"], ["resolved", "Resolved"], ["all", "All"]] as const;

const COLUMNS: readonly Column<Flag>[] = [
  { key: "symbol", title: "Symbol", cell: (flag) => <a href={`/instruments/${encodeURIComponent(flag.symbol)}`}>{flag.symbol}</a>, width: "minmax(64px, 0.6fr)" },
  { key: "session", title: "Session", cell: (flag) => <Day day={flag.session} />, width: "minmax(96px, 0.9fr)" },
  { key: "rule", title: "Doubt", cell: (flag) => ruleInWords(flag.rule), width: "minmax(120px, 1.2fr)" },
  { key: "why", title: "Evidence", wide: true, width: "minmax(220px, 4fr)", cell: (flag) => <span title={textOf(flag)}>{textOf(flag)}</span> },
  { key: "state", title: "Standing", wide: true, width: "96px", cell: (flag) => <Badge tone={flag.state === "open" ? "warn" : "neutral"}>{flag.state}</Badge> },
  { key: "known", title: "Since (market time)", wide: true, width: "minmax(170px, 1fr)", cell: (flag) => <When at={flag.known_at} /> },
];

function textOf(flag: Flag): string {
  const text: unknown = flag.evidence["text"];
  return typeof text === "string" ? text : "no words are kept with it";
}

/** Doubts about stored bars: served as they are, with the doubt beside them. */
export function Flags() {
  const [search, setSearch] = useSearchParams();
  const rule = FLAG_RULES.find((each) => each === search.get("rule"));
  const standing = STANDINGS.find(([key]) => key === search.get("state"))?.[0] ?? "open";
  const filter: FlagFilter = { ...(rule ? { rule } : {}), ...(standing === "all" ? {} : { state: standing }) };
  const found = useInfiniteQuery(flagsQuery(filter));
  const rows = found.data?.pages.flatMap((page) => page.items) ?? [];
  function change(next: { rule?: string; state?: string }) {
    const all = { rule: rule ?? "", state: standing, ...next };
    setSearch({ tab: "flags", ...(all.rule ? { rule: all.rule } : {}), state: all.state });
  }
  return (
    <div className={css["stack"]}>
      <Panel title="Stored bars in doubt" note="They are served as they are; nothing is repaired silently" flush stale={found.isPlaceholderData}>
        <div className={css["filters"]}>
          <Choice label="Doubt" value={rule ?? ""} options={RULES} choose={(value) => { change({ rule: value }); }} />
          <Choice label="Standing" value={standing} options={STANDINGS} choose={(value) => { change({ state: value }); }} />
        </div>
        {found.isPending && <Skeleton lines={8} label="Reading the flags" />}
        {found.isError && <Problem error={found.error} retry={() => void found.refetch()} />}
        {found.data && rows.length === 0 && <Empty title="No such flag">Nothing stored is in doubt by these filters.</Empty>}
        {rows.length > 0 && <Table label="Stored bars in doubt" columns={COLUMNS} rows={rows} rowKey={(flag) => flag.id} />}
        {found.hasNextPage && <p className={css["foot"]}><Button disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>Show more flags</Button></p>}
      </Panel>
    </div>
  );
}
