import { number, type NumberStyle } from "../format/numbers";
import css from "./Num.module.css";

interface NumProps extends NumberStyle {
  value: number | null | undefined;
  unit?: string;
  /** Why the value is missing, for the title of the dash. */
  why?: string;
  title?: string;
}

/** A number with its unit; a missing one is a dash that says why. */
export function Num({ value, unit, why = "Not known", title, ...style }: NumProps) {
  if (value === null || value === undefined || Number.isNaN(value)) return <Missing why={why} />;
  return (
    <span className={css["num"]} title={title}>
      {number(value, style)}
      {unit !== undefined && <span className={css["unit"]}>{`\u00a0${unit}`}</span>}
    </span>
  );
}

/** The dash where a value is missing, with the reason for ears and for the pointer. */
export function Missing({ why }: { why: string }) {
  return (
    <span className={css["missing"]} title={why}>
      <span aria-hidden="true">–</span>
      <span className="unseen">{why}</span>
    </span>
  );
}
