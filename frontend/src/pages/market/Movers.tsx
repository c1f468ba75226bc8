import { useState } from "react";
import { Link } from "wouter";
import type { MarketDay, Mover } from "../../api/queries/market";
import { price } from "../../format/numbers";
import { Delta } from "../../ui/Delta";
import { Empty } from "../../ui/Empty";
import { Num } from "../../ui/Num";
import { Sparkline } from "../../ui/Sparkline";
import { Table, type Column } from "../../ui/Table";
import { Tabs } from "../../ui/Tabs";
import css from "./Page.module.css";

type Kind = "deepest" | "losers" | "gainers" | "active";

const TABS = [
  { key: "deepest", title: "Deepest during the day" },
  { key: "losers", title: "Losers" },
  { key: "gainers", title: "Gainers" },
  { key: "active", title: "Most active" },
] as const;

const COLUMNS: readonly Column<Mover>[] = [
  {
    key: "symbol",
    title: "Share",
    width: "minmax(96px, 2fr)",
    cell: (row) => (
      <span className={css["share"]}>
        <Link href={`/instruments/${encodeURIComponent(row.symbol)}`}>{row.symbol}</Link> <small>{row.name ?? "name not known"}</small>
      </span>
    ),
  },
  {
    key: "recent",
    title: "30 sessions",
    width: "112px",
    wide: true,
    cell: (row) => <Sparkline values={row.recent} label={`Closes of ${row.symbol} over up to 30 sessions`} />,
  },
  { key: "close", title: "Close, USD", align: "right", width: "minmax(72px, 1fr)", cell: (row) => price(row.close) },
  {
    key: "change",
    title: "Change",
    align: "right",
    width: "minmax(84px, 1fr)",
    cell: (row) => <Delta value={row.change_percent / 100} />,
  },
  {
    key: "low",
    title: "At the low",
    align: "right",
    width: "minmax(84px, 1fr)",
    cell: (row) => <Delta value={row.low_percent / 100} />,
  },
  {
    key: "dollars",
    title: "Traded, USD",
    align: "right",
    width: "minmax(88px, 1fr)",
    wide: true,
    cell: (row) => <Num value={row.dollar_volume} compact />,
  },
];

/** Return which list tells most of a day. */
export function tellingKind(day: MarketDay): Kind {
  if ((day.line.median_low_percent ?? 0) <= -5) return "deepest";
  return day.line.decliners > day.line.advancers ? "losers" : "gainers";
}

/** Who moved most. */
export function Movers({ day }: { day: MarketDay }) {
  const [chosen, choose] = useState<Kind | null>(null);
  const kind = chosen ?? tellingKind(day);
  const rows = day.movers[kind];
  return (
    <Tabs label="Movers" tabs={TABS} chosen={kind} choose={choose}>
      {rows.length === 0 ? (
        <Empty title="No share belongs here">Only shares that traded at least 1,000,000 USD on the day count.</Empty>
      ) : (
        <Table label={`Movers: ${kind}`} columns={COLUMNS} rows={rows} rowKey={(row) => row.symbol} rowHeight={40} height={460} />
      )}
    </Tabs>
  );
}
