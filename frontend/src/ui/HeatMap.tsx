import type { ReactNode } from "react";
import css from "./HeatMap.module.css";

export interface HeatCell {
  key: string;
  /** 0 to 1; null where nothing is known: hatched, never coloured as zero. */
  value: number | null;
  /** The cell in words: day, value, unit. */
  title: string;
}

export interface HeatRow {
  key: string;
  title: ReactNode;
  cells: readonly (HeatCell | undefined)[];
}

interface HeatMapProps {
  label: string;
  /** A heading per column, or nothing above it. */
  columns: readonly string[];
  rows: readonly HeatRow[];
  onChoose?: (row: HeatRow, cell: HeatCell) => void;
  chosen?: string | null;
}

const LEVELS = 5;

/** Return the step of the scale (0 to 4) that a value between 0 and 1 belongs to; full is a step of its own. */
export function heatLevel(value: number): number {
  return value >= 1 ? LEVELS - 1 : Math.min(LEVELS - 2, Math.max(0, Math.floor(value * (LEVELS - 1))));
}

/** A grid of days by subjects, shaded by value; each cell says itself in its title. */
export function HeatMap({ label, columns, rows, onChoose, chosen }: HeatMapProps) {
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrolling region must be reachable by keyboard
    <div className={css["scroller"]} role="region" aria-label={label} tabIndex={0}>
      <table className={css["map"]}>
        <caption className="unseen">{label}</caption>
        <thead>
          <tr>
            <td />
            {columns.map((column, at) => (
              <th key={at} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key}>
              <th scope="row">{row.title}</th>
              {row.cells.map((cell, at) => (
                <td key={cell?.key ?? at}>{cell && <Cell {...{ row, cell, onChoose, chosen: chosen === cell.key }} />}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface CellProps {
  row: HeatRow;
  cell: HeatCell;
  onChoose: ((row: HeatRow, cell: HeatCell) => void) | undefined;
  chosen: boolean;
}

function Cell({ row, cell, onChoose, chosen }: CellProps) {
  const level = cell.value === null ? "unknown" : heatLevel(cell.value);
  if (!onChoose) return <span className={css["cell"]} data-level={level} title={cell.title} role="img" aria-label={cell.title} />;
  return (
    <button
      type="button"
      className={css["cell"]}
      data-level={level}
      title={cell.title}
      aria-label={cell.title}
      aria-pressed={chosen}
      onClick={() => {
        onChoose(row, cell);
      }}
    />
  );
}
