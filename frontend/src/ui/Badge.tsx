import type { ReactNode } from "react";
import css from "./Badge.module.css";

export type Tone = "neutral" | "good" | "warn" | "bad" | "accent";

/** A state in a word. The colour only repeats what the word says. */
export function Badge({ tone = "neutral", title, children }: { tone?: Tone; title?: string; children: ReactNode }) {
  return (
    <span className={`${css["badge"]} ${css[tone]}`} title={title}>
      {children}
    </span>
  );
}
