import css from "./Sparkline.module.css";

interface SparklineProps {
  /** In order of time; NaN or null is a gap, never joined over. */
  values: ArrayLike<number | null>;
  /** What the line shows, for those who hear it. */
  label: string;
  width?: number;
  height?: number;
}

/** Split values into the runs between gaps, as SVG paths within the box. */
export function sparkPath(values: ArrayLike<number | null>, width: number, height: number): string {
  const all = Array.from(values, (value) => value ?? NaN);
  const known = all.filter((value) => !Number.isNaN(value));
  const low = Math.min(...known);
  const range = Math.max(...known) - low || 1;
  const step = all.length > 1 ? (width - 2) / (all.length - 1) : 0;
  let open = false;
  let path = "";
  all.forEach((value, at) => {
    if (Number.isNaN(value)) {
      open = false;
      return;
    }
    const y = height - 1 - ((value - low) / range) * (height - 2);
    path += `${open ? "L" : "M"}${(1 + at * step).toFixed(1)} ${y.toFixed(1)}`;
    open = true;
  });
  return path;
}

/** A line without axes: its shape only. Numbers belong beside it. */
export function Sparkline({ values, label, width = 96, height = 24 }: SparklineProps) {
  const first = values[0] ?? NaN;
  const last = values[values.length - 1] ?? NaN;
  const way = last > first ? "up" : last < first ? "down" : "flat";
  return (
    <svg className={css[way]} width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      <path d={sparkPath(values, width, height)} fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round" />
    </svg>
  );
}
