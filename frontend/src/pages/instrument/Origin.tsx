import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { originQuery } from "../../api/queries/instrument";
import { bytes, compact, price } from "../../format/numbers";
import { Problem } from "../../ui/Problem";
import { Day, When } from "../../ui/When";
import type { Bars } from "./bars";
import css from "./Page.module.css";

/** The value once it has stood still: what the pointer only passes is not asked for. */
function useSettled<T>(value: T, waitMs: number): T {
  const [settled, settle] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => { settle(value); }, waitMs);
    return () => { clearTimeout(timer); };
  }, [value, waitMs]);
  return settled;
}

interface OriginProps {
  symbol: string;
  bars: Bars;
  index: number;
  asOf: string | null;
  /** Only stored bars have an origin: daily ones. The first one is asked for when somebody points. */
  asked: boolean;
  currency: string;
}

/** The chosen bar: its values, and where they come from. */
export function Origin({ symbol, bars, index, asOf, asked, currency }: OriginProps) {
  const session = bars.sessions[index] ?? "";
  const settled = useSettled(session, 250);
  const found = useQuery({ ...originQuery(symbol, settled, asOf), enabled: asked && settled !== "" });
  const items = settled === session ? (found.data?.items ?? []) : [];
  return (
    <div className={css["bar"]} aria-live="polite">
      <p className={css["values"]}>
        <strong><Day day={session} /></strong>
        <span>open {price(bars.open[index])}</span>
        <span>high {price(bars.high[index])}</span>
        <span>low {price(bars.low[index])}</span>
        <span>close {price(bars.close[index])} {currency}</span>
        <span>{compact(bars.volume[index])} shares</span>
      </p>
      {!asked && <p className={css["quiet"]}>Point at a bar, or choose one with the arrow keys in the chart, to see where its values come from.</p>}
      {found.error && asked && <Problem error={found.error} retry={() => void found.refetch()} />}
      {items.map((item) => (
        <p key={`${item.provider} ${item.known_at}`} className={css["quiet"]}>
          {item.superseded_at === null ? "From " : "Before that, "}
          <strong>{item.provider}</strong>
          {item.superseded_at !== null && <> told a close of {price(Number(item.value["close"]))}</>}, known since{" "}
          <When at={item.known_at} />
          {item.superseded_at !== null && <>, superseded <When at={item.superseded_at} /></>}
          {item.fetch_id === null ? "; not fetched" : <>; fetch {item.fetch_id}, reply of {bytes(item.payload_bytes)}, SHA-256{" "}
            <code title={item.payload_sha256 ?? ""}>{item.payload_sha256?.slice(0, 12)}</code>, step <code>{item.step}</code></>}
        </p>
      ))}
      {asked && settled === session && found.data?.items.length === 0 && <p className={css["quiet"]}>No stored bar of that session: its origin cannot be told.</p>}
    </div>
  );
}
