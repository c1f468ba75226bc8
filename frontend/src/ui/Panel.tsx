import { useId, type ReactNode } from "react";
import css from "./Panel.module.css";

interface PanelProps {
  title: ReactNode;
  /** Beside the title: of what, and as of when. */
  note?: ReactNode;
  /** Buttons and choices, at the right. */
  actions?: ReactNode;
  /** Older data is shown while newer is fetched. */
  stale?: boolean;
  /** No padding: for tables and charts that reach the edges. */
  flush?: boolean;
  children: ReactNode;
}

/** A titled part of a page. */
export function Panel({ title, note, actions, stale = false, flush = false, children }: PanelProps) {
  const id = useId();
  return (
    <section className={css["panel"]} aria-labelledby={id} aria-busy={stale}>
      <header className={css["head"]}>
        <h2 id={id}>{title}</h2>
        {note !== undefined && <span className={css["note"]}>{note}</span>}
        {actions !== undefined && <div className={css["actions"]}>{actions}</div>}
      </header>
      <div className={flush ? css["flush"] : css["body"]} data-stale={stale}>
        {children}
      </div>
    </section>
  );
}
