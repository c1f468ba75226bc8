import type { Health } from "../../api/queries/health";

// The API leaves out what says nothing, though its description lists it: a part that is up has no detail.
export type Finding = Omit<Health["checks"][string], "detail"> & { detail?: string };
type Checks = Readonly<Record<string, Finding>>;
export type Tone = "good" | "warn" | "bad" | "neutral";

interface Part {
  title: string;
  does: string;
  without: string;
  remedy: string;
}

const PARTS: Readonly<Record<string, Part>> = {
  postgres: {
    title: "PostgreSQL",
    does: "Keeps every fact, run and decision.",
    without: "Nothing can be read or stored.",
    remedy: "ops/logs.sh postgres shows why; ops/start.sh starts it. DATABASE_URL names it.",
  },
  schema: {
    title: "Schema",
    does: "The tables that this version needs.",
    without: "Nothing can be read or stored.",
    remedy: "Run groat migrate; ops/start.sh does it too.",
  },
  queue: {
    title: "Queue",
    does: "Hands steps to workers at once.",
    without: "Steps still run, some seconds later; nothing is lost.",
    remedy: "ops/logs.sh valkey-queue shows why. REDIS_URL names it.",
  },
  cache: {
    title: "Cache",
    does: "Keeps answers that were given before.",
    without: "Reads are right, and slower.",
    remedy: "ops/logs.sh valkey-cache shows why. GROAT_CACHE_URL names it.",
  },
  keeper: {
    title: "Keeper",
    does: "Starts pipelines on time and revives steps whose worker died.",
    without: "Nothing starts by itself: the data grow old.",
    remedy: "ops/logs.sh scheduler shows why; groat schedule starts it.",
  },
  listener: {
    title: "Listener",
    does: "Tells this process what has changed.",
    without: "Kept answers are not used and pages are told late.",
    remedy: "It connects again by itself once PostgreSQL answers.",
  },
};

export function partOf(name: string): Part {
  return PARTS[name] ?? { title: name, does: "A part of this installation.", without: "Not known.", remedy: `ops/logs.sh ${name} shows more.` };
}

const TONES: Readonly<Record<Finding["state"], Tone>> = { up: "good", busy: "warn", stale: "warn", off: "neutral", down: "bad" };
const WORDS: Readonly<Record<Finding["state"], string>> = { up: "Up", busy: "Busy", stale: "Not seen lately", off: "Not configured", down: "Down" };
const WORST = ["down", "stale", "busy", "off", "up"] as const;

export function toneOf(state: Finding["state"]): Tone {
  return TONES[state];
}

export function wordOf(state: Finding["state"]): string {
  return WORDS[state];
}

/** Return the parts, those that need somebody first, otherwise as the API lists them. */
export function inOrder(checks: Checks): [string, Finding][] {
  return Object.entries(checks).sort(([, a], [, b]) => WORST.indexOf(a.state) - WORST.indexOf(b.state));
}

/** Say in a sentence how Groat stands, and what that means to a reader. */
export function summaryOf(health: { status: Health["status"]; checks: Checks }): { tone: Tone; text: string } {
  const away = inOrder(health.checks).filter(([, finding]) => finding.state !== "up" && finding.state !== "off");
  const names = away.map(([name]) => partOf(name).title).join(", ");
  if (health.status === "ok") return { tone: "good", text: "Everything answers." };
  if (health.status === "degraded") return { tone: "warn", text: `It serves, but needs a look: ${names || "sign in to see what"}.` };
  return { tone: "bad", text: `It cannot serve: ${names || "sign in to see why"}.` };
}

/** Remember since when each part stands as it does, as far as this page has seen it. */
export function seenSince(before: ReadonlyMap<string, { state: string; at: number }>, checks: Checks, now: number) {
  const next = new Map<string, { state: string; at: number }>();
  for (const [name, finding] of Object.entries(checks)) {
    const known = before.get(name);
    next.set(name, known?.state === finding.state ? known : { state: finding.state, at: now });
  }
  return next;
}

/** Say how fast the market runs, by what a reader can picture. */
export function speedInWords(speed: number): string {
  if (speed === 1) return "as fast as the machine's clock";
  const dayS = 86_400 / speed;
  const each = dayS >= 90 ? `${Math.round(dayS / 60)} min` : `${Math.round(dayS * 10) / 10} s`;
  return `${speed.toLocaleString()} times the machine's clock: a day in ${each}`;
}
