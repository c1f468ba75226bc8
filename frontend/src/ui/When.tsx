import { ago, instant, tradingDay, type Precision, type Zone } from "../format/times";
import { Missing } from "./Num";

interface WhenProps {
  at: string | null | undefined;
  zone?: Zone;
  precision?: Precision;
  /** Say how long before this instant (epoch ms) it was, with the time itself in the title. */
  now?: number;
  why?: string;
}

/** An instant with its zone; the title has it in UTC, the exchange's and the reader's zone. */
export function When({ at, zone = "exchange", precision = "minute", now, why = "Not known" }: WhenProps) {
  if (at === null || at === undefined) return <Missing why={why} />;
  const all = (["utc", "exchange", "local"] as const).map((each) => instant(at, each, "second"));
  return (
    <time dateTime={at} title={[...new Set(all)].join("\n")}>
      {now === undefined ? instant(at, zone, precision) : ago(at, now)}
    </time>
  );
}

/** A trading date: a day of the exchange's calendar, the same in every zone. */
export function Day({ day, why = "Not known" }: { day: string | null | undefined; why?: string }) {
  if (!day) return <Missing why={why} />;
  return <time dateTime={day}>{tradingDay(day)}</time>;
}
