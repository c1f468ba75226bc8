import { number, percent } from "../format/numbers";
import { Missing } from "./Num";
import css from "./Num.module.css";

interface DeltaProps {
  /** A ratio (0.0123 is 1.23 %) unless `unit` is given; then a difference in that unit. */
  value: number | null | undefined;
  unit?: string;
  decimals?: number;
  why?: string;
}

const WAYS = { up: "▲", down: "▼", flat: "■" } as const;

/** A change: colour, arrow and sign say the same thing three times. */
export function Delta({ value, unit, decimals = 2, why = "Not known" }: DeltaProps) {
  if (value === null || value === undefined || Number.isNaN(value)) return <Missing why={why} />;
  const way = value > 0 ? "up" : value < 0 ? "down" : "flat";
  const text = unit === undefined ? percent(value, decimals) : `${number(value, { decimals, signed: true })}\u00a0${unit}`;
  return (
    <span className={css[way]}>
      <span className={css["arrow"]} aria-hidden="true">
        {WAYS[way]}
      </span>
      {`\u00a0${text}`}
    </span>
  );
}
