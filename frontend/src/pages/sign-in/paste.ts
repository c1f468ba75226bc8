const LONGEST = 2048;

/** Take a token out of what was pasted: with `Bearer`, quotes or line breaks around it, as terminals give it. */
export function tokenOf(pasted: string): string {
  return pasted
    .trim()
    .replace(/^authorization:\s*/i, "")
    .replace(/^bearer\s+/i, "")
    .replace(/^["'`]|["'`]$/g, "")
    .replace(/\s+/g, "");
}

/** Say what is wrong with a text that cannot be a token, before anybody is asked; nothing when it may be one. */
export function faultOf(token: string): string | undefined {
  if (token === "") return "Paste the token first.";
  if (token.length > LONGEST) return "That is longer than any token: paste only the line that `groat token` printed.";
  if (token.startsWith("$(") || token === "groattoken") return "That is the command. Run it in a terminal, and paste what it prints.";
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return "That is no token: one has three parts with dots between them. Copy the whole line.";
  return undefined;
}

/** Return the page to go back to: one of this site's own, or the first. */
export function wayBack(search: string): string {
  const back = new URLSearchParams(search).get("back") ?? "/";
  // A browser reads /\ and // as the start of another host.
  return /^\/(?![/\\])/.test(back) && !back.startsWith("/sign-in") && !/[\p{Cc}]/u.test(back) ? back : "/";
}

/** Return how many seconds are left at `now` (epoch ms), by the machine's clock and not the reader's. */
export function secondsLeft(told: { expires_at: string; machine_time: string }, receivedAt: number, now: number): number {
  const life = Date.parse(told.expires_at) - Date.parse(told.machine_time);
  return Math.max(0, Math.floor((life - (now - receivedAt)) / 1000));
}
