import type { Universe } from "../../api/queries/market";

export const UNIVERSES: readonly (readonly [Universe, string])[] = [
  ["all", "All common shares"],
  ["sp500", "S&P 500"],
  ["nasdaq100", "Nasdaq-100"],
  ["dow30", "Dow Jones"],
];

/** Return what an address asks for; what is no date or universe is left out. */
export function asked(search: string): { session: string | null; universe: Universe } {
  const words = new URLSearchParams(search);
  const session = words.get("session");
  const universe = UNIVERSES.find(([key]) => key === words.get("universe"));
  return { session: session !== null && /^\d{4}-\d\d-\d\d$/.test(session) ? session : null, universe: universe?.[0] ?? "all" };
}

/** Return the page's address for a session (null: the latest) and a universe. */
export function addressOf(session: string | null, universe: Universe): string {
  const words = new URLSearchParams();
  if (session) words.set("session", session);
  if (universe !== "all") words.set("universe", universe);
  const text = words.toString();
  return text ? `/?${text}` : "/";
}
