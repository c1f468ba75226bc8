import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useSearchParams } from "wouter";
import { quarantineQuery, type HeldFilter, type HeldRow } from "../../api/queries/quality";
import { tradingDay } from "../../format/times";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Panel } from "../../ui/Panel";
import { Problem } from "../../ui/Problem";
import { Skeleton } from "../../ui/Skeleton";
import { Table, type Column } from "../../ui/Table";
import { Day, When } from "../../ui/When";
import { Choice, SymbolChoice } from "./Choice";
import { Evidence } from "./Evidence";
import css from "./Page.module.css";
import { HELD_RULES, PROVIDERS, ruleInWords, titleOf } from "./words";

const STANDINGS = [["held", "Held"], ["released", "Released"], ["rejected", "Rejected"], ["all", "All"]] as const;
const RULES = [["", "All"], ...HELD_RULES.map((rule) => [rule, ruleInWords(rule)] as const)] as const;
const TOLD_BY = [["", "All"], ...PROVIDERS.map((name) => [name, name] as const)] as const;

/** Rows that were held back: narrowed, opened, decided on. */
export function Quarantine() {
  const [search, setSearch] = useSearchParams();
  const [result, setResult] = useState<HeldRow>();
  const state = STANDINGS.find(([key]) => key === search.get("state"))?.[0] ?? "held";
  const [rule, provider, symbol] = ["rule", "provider", "symbol"].map((name) => search.get(name) ?? "") as [string, string, string];
  const filter: HeldFilter = { state, ...(rule ? { rule } : {}), ...(provider ? { provider } : {}), ...(symbol ? { symbol } : {}) };
  const found = useInfiniteQuery(quarantineQuery(filter));
  const open = Number(search.get("row")) || null;
  function change(name: string, value: string) {
    setSearch((before) => {
      const next = new URLSearchParams(before);
      if (value) next.set(name, value);
      else next.delete(name);
      return next;
    });
  }
  const rows = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <div className={css["stack"]}>
      <div role="status">{result && <Told row={result} />}</div>
      <div className={`${css["split"] ?? ""} ${open === null ? (css["alone"] ?? "") : ""}`}>
        <Panel title="Rows held back" note="As they were received; nobody is served them" flush stale={found.isPlaceholderData}>
          <div className={css["filters"]}>
            <Choice label="Rule" value={rule} options={RULES} choose={(value) => { change("rule", value); }} />
            <Choice label="Provider" value={provider} options={TOLD_BY} choose={(value) => { change("provider", value); }} />
            <SymbolChoice value={symbol} choose={(value) => { if (value !== symbol) change("symbol", value); }} />
            <Choice label="Standing" value={state} options={STANDINGS} choose={(value) => { change("state", value === "held" ? "" : value); }} />
          </div>
          {found.isPending && <Skeleton lines={8} label="Reading the quarantine" />}
          {found.isError && <Problem error={found.error} retry={() => void found.refetch()} />}
          {found.data && rows.length === 0 && <Empty title="No such row">Choose other filters; an empty quarantine means that every row passed its checks.</Empty>}
          {rows.length > 0 && <Rows rows={rows} open={open} choose={(id) => { setResult(undefined); change("row", String(id)); }} />}
          {found.hasNextPage && (
            <p className={css["foot"]}>
              <Button disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>Show more rows</Button>
            </p>
          )}
        </Panel>
        {open !== null && <Evidence key={open} id={open} close={() => { change("row", ""); }} decided={(row) => { setResult(row); change("row", ""); }} />}
      </div>
    </div>
  );
}

function Rows({ rows, open, choose }: { rows: readonly HeldRow[]; open: number | null; choose: (id: number) => void }) {
  const columns: Column<HeldRow>[] = [
    { key: "symbol", title: "Symbol", width: "minmax(72px, 0.7fr)", cell: (row) => <button type="button" className={css["open"]} aria-label={`Open row ${row.id}, ${row.symbol}`} onClick={() => { choose(row.id); }}>{row.symbol}</button> },
    { key: "session", title: "Session", cell: (row) => <Day day={row.session ?? null} why="Its session is not known" />, width: "minmax(96px, 1fr)" },
    { key: "rule", title: "Rule", cell: (row) => <span title={row.rule}>{ruleInWords(row.rule)}</span>, width: "minmax(110px, 2fr)" },
    { key: "dataset", title: "Dataset", cell: (row) => titleOf(row.dataset), wide: true },
    { key: "provider", title: "Provider", cell: (row) => row.provider, wide: true },
    { key: "known", title: "Since (market time)", cell: (row) => <When at={row.known_at} />, wide: true, width: "minmax(170px, 1.5fr)" },
  ];
  return <Table label="Rows held back" columns={columns} rows={rows} rowKey={(row) => row.id} isChosen={(row) => row.id === open} rowHeight={36} />;
}

function Told({ row }: { row: HeldRow }) {
  const what = `Row ${row.id} (${row.symbol}, ${tradingDay(row.session)})`;
  return (
    <p className={css["result"]}>
      {row.state === "released"
        ? `${what} was released: it is stored and served from now on. A later reply of its provider can correct it; nothing here takes it back.`
        : `${what} was rejected: it is not stored, and the same row is not held again. It can still be released, under "Rejected".`}
    </p>
  );
}
