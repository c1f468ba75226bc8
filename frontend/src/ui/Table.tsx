import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef, type ReactNode } from "react";
import css from "./Table.module.css";

export interface Column<Row> {
  key: string;
  title: ReactNode;
  cell: (row: Row) => ReactNode;
  /** Numbers go right, under one another. */
  align?: "left" | "right";
  /** A width of the grid: "120px", "minmax(80px, 1fr)". */
  width?: string;
  /** Left out below 640 px. */
  wide?: boolean;
  /** Makes the head a button; `sort` of the table says which column is sorted. */
  sortable?: boolean;
}

export interface Sort {
  key: string;
  down: boolean;
}

interface TableProps<Row> {
  /** What the table holds, for those who hear it. */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string | number;
  /** The tallest the table may be in px; its rows scroll below the head. */
  height?: number;
  rowHeight?: number;
  sort?: Sort | null;
  onSort?: (sort: Sort) => void;
  isChosen?: (row: Row) => boolean;
}

/** A table of any length: only the rows in sight are in the document. Links and buttons belong in the cells. */
export function Table<Row>(props: TableProps<Row>) {
  const { label, columns, rows, rowKey, height = 480, rowHeight = 32, sort, onSort, isChosen } = props;
  const scroller = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- the compiler is not in use: nothing is memoised wrongly
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 8,
    initialRect: { width: 800, height },
  });
  const template = columns.map((column) => column.width ?? "minmax(64px, 1fr)").join(" ");
  const narrow = columns.filter((column) => !column.wide).map((column) => column.width ?? "minmax(56px, 1fr)").join(" ");
  const shape = { "--columns": template, "--columns-narrow": narrow } as React.CSSProperties;
  return (
    // A scrolling region must be reachable by keyboard, or its rows are out of reach.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- WCAG 2.1.1 asks for it
    <div className={css["scroller"]} style={{ maxHeight: height }} ref={scroller} role="region" aria-label={label} tabIndex={0}>
      <div role="table" aria-label={label} aria-rowcount={rows.length + 1} className={css["table"]} style={shape}>
        <div role="rowgroup" className={css["head"]}>
          <div role="row" aria-rowindex={1} className={css["row"]}>
            {columns.map((column) => (
              <Head key={column.key} column={column} sort={sort ?? null} onSort={onSort} />
            ))}
          </div>
        </div>
        <div role="rowgroup" className={css["body"]} style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            if (row === undefined) return null;
            return (
              <div
                key={rowKey(row)}
                role="row"
                aria-rowindex={item.index + 2}
                className={css["row"]}
                data-chosen={isChosen?.(row) ?? false}
                style={{ position: "absolute", inset: "0 0 auto", height: rowHeight, transform: `translateY(${item.start}px)` }}
              >
                {columns.map((column) => (
                  <div key={column.key} role="cell" className={css["cell"]} data-align={column.align} data-wide={column.wide}>
                    {column.cell(row)}
                  </div>
                ))}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

interface HeadProps<Row> {
  column: Column<Row>;
  sort: Sort | null;
  onSort: ((sort: Sort) => void) | undefined;
}

function Head<Row>({ column, sort, onSort }: HeadProps<Row>) {
  const way = sort?.key === column.key ? (sort.down ? "descending" : "ascending") : "none";
  return (
    <div
      role="columnheader"
      className={css["cell"]}
      data-align={column.align}
      data-wide={column.wide}
      aria-sort={column.sortable ? way : undefined}
    >
      {column.sortable && onSort ? (
        <button
          type="button"
          className={css["sort"]}
          onClick={() => {
            onSort({ key: column.key, down: way !== "descending" });
          }}
        >
          {column.title}
          <span aria-hidden="true">{way === "none" ? "" : way === "descending" ? " ↓" : " ↑"}</span>
        </button>
      ) : (
        column.title
      )}
    </div>
  );
}
