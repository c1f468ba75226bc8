/** What is written where a value is missing; `Num` and `When` say why in the title. */
export const MISSING = "–";

const MINUS = "\u2212";
const formats = new Map<string, Intl.NumberFormat>();

export interface NumberStyle {
  /** Fixed number of decimals, the same down a column. */
  decimals?: number;
  compact?: boolean;
  /** Write + before what is above zero. */
  signed?: boolean;
}

function formatFor(style: NumberStyle): Intl.NumberFormat {
  const key = JSON.stringify(style);
  let format = formats.get(key);
  if (!format) {
    const decimals = style.decimals ?? (style.compact ? 1 : 0);
    format = new Intl.NumberFormat(undefined, {
      minimumFractionDigits: style.compact ? 0 : decimals,
      maximumFractionDigits: decimals,
      notation: style.compact ? "compact" : "standard",
      signDisplay: style.signed ? "exceptZero" : "negative",
    });
    formats.set(key, format);
  }
  return format;
}

/** Format by the reader's locale with a true minus; NaN, null and undefined become a dash. */
export function number(value: number | null | undefined, style: NumberStyle = {}): string {
  if (value === null || value === undefined || Number.isNaN(value)) return MISSING;
  return formatFor(style).format(value).replace("-", MINUS);
}

/** Format a price in units of its currency: two decimals, four below one. */
export function price(value: number | null | undefined): string {
  const small = typeof value === "number" && value !== 0 && Math.abs(value) < 1;
  return number(value, { decimals: small ? 4 : 2 });
}

/** Format a ratio (0.0123) as a percentage (1.23 %), signed unless told otherwise. */
export function percent(ratio: number | null | undefined, decimals = 2, signed = true): string {
  if (ratio === null || ratio === undefined || Number.isNaN(ratio)) return MISSING;
  return `${number(ratio * 100, { decimals, signed })}\u00a0%`;
}

/** Format a count in short: 1.2M. */
export function compact(value: number | null | undefined): string {
  return number(value, { compact: true });
}

const BYTES = ["B", "kB", "MB", "GB", "TB"] as const;

/** Format a size in decimal units. */
export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return MISSING;
  const power = value < 1 ? 0 : Math.min(Math.floor(Math.log10(value) / 3), BYTES.length - 1);
  return `${number(value / 1000 ** power, { decimals: power ? 1 : 0 })}\u00a0${BYTES[power] ?? "B"}`;
}
