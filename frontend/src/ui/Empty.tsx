import type { ReactNode } from "react";
import css from "./Empty.module.css";

/** Nothing is there: say what is missing, why (children), and offer what can be done about it. */
export function Empty({ title, action, children }: { title: ReactNode; action?: ReactNode; children?: ReactNode }) {
  return (
    <div className={css["empty"]}>
      <p className={css["title"]}>{title}</p>
      {children !== undefined && <div className={css["why"]}>{children}</div>}
      {action}
    </div>
  );
}
