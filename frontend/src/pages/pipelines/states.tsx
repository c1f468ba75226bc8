import { Badge, type Tone } from "../../ui/Badge";
import type { Run } from "./timeline";
import type { Step } from "./steps";

type State = Run["state"] | Step["state"];

const LOOKS: Readonly<Record<State, { tone: Tone; words: string; title: string }>> = {
  running: { tone: "accent", words: "running", title: "Under way" },
  done: { tone: "good", words: "done", title: "All of it was done" },
  failed: { tone: "bad", words: "failed", title: "Some steps are dead: look at their errors, then retry" },
  waiting: { tone: "neutral", words: "waiting", title: "For steps that it needs" },
  ready: { tone: "warn", words: "ready", title: "For a worker, or for the time at which it may go on" },
  dead: { tone: "bad", words: "dead", title: "It failed too often: look at its error, then retry" },
};

export function StateBadge({ state }: { state: State }) {
  const look = LOOKS[state];
  return (
    <Badge tone={look.tone} title={look.title}>
      {look.words}
    </Badge>
  );
}

const ORDER: readonly Step["state"][] = ["done", "running", "ready", "waiting", "dead"];

/** Say how many steps stand how: 61 done, 9 running. */
export function countsInWords(counts: Readonly<Partial<Record<string, number>>>): string {
  return ORDER.filter((state) => counts[state])
    .map((state) => `${(counts[state] ?? 0).toLocaleString()} ${state}`)
    .join(", ");
}
