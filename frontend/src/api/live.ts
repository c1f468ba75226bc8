import type { QueryClient } from "@tanstack/react-query";
import { follow, type StreamEvent, type StreamState } from "./stream";
import { onToken, token } from "./token";

/** Which areas (first words of query keys) an event makes old. */
export const RENEWS: Readonly<Record<string, readonly string[]>> = {
  pipeline: ["pipelines"],
  bars: ["market", "bars", "quotes", "quality"],
  quota: ["providers", "plan"],
  quality: ["quality", "quarantine", "disagreements"],
  health: ["health"],
};

const NAME = "groat.stream";
// On the replay a day passes in seconds: what changes at once is asked for once.
const TOGETHER_MS = 1_000;

type Message = { event: StreamEvent } | { state: StreamState } | { ask: true };

let state: StreamState = "connecting";
const stateListeners = new Set<() => void>();
const eventListeners = new Set<(event: StreamEvent) => void>();

export function liveState(): StreamState {
  return state;
}

export function onLiveState(listener: () => void): () => void {
  stateListeners.add(listener);
  return () => stateListeners.delete(listener);
}

/** Call back with each event itself, for pages that draw from it; returns how to stop. */
export function onLiveEvent(listener: (event: StreamEvent) => void): () => void {
  eventListeners.add(listener);
  return () => eventListeners.delete(listener);
}

function setState(next: StreamState): void {
  if (next === state) return;
  state = next;
  for (const listener of stateListeners) listener();
}

/** Collect what events make old, and renew it together. */
export function renewer(queries: QueryClient, togetherMs = TOGETHER_MS): (event: StreamEvent) => void {
  let areas = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | null = null;
  return ({ event }) => {
    for (const area of event === "reset" ? ["*"] : (RENEWS[event] ?? [])) areas.add(area);
    if (areas.size === 0 || timer !== null) return;
    timer = setTimeout(() => {
      const due = areas;
      areas = new Set();
      timer = null;
      void queries.invalidateQueries({ predicate: ({ queryKey }) => due.has("*") || due.has(String(queryKey[0])) });
    }, togetherMs);
  };
}

/** Keep one stream for all tabs: the tab that holds the lock reads it, the others listen to that tab. */
export function startLive(queries: QueryClient): void {
  const renew = renewer(queries);
  const channel = new BroadcastChannel(NAME);
  let lastId = "";
  let leads = false;

  function take(event: StreamEvent) {
    if (event.id) lastId = event.id;
    renew(event);
    for (const listener of eventListeners) listener(event);
  }
  function tell(message: Message) {
    channel.postMessage(message);
  }
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if ("ask" in data) {
      if (leads) tell({ state });
    } else if (leads) return;
    else if ("state" in data) setState(data.state);
    else take(data.event);
  };

  async function lead() {
    leads = true;
    const stop = new AbortController();
    // Another token means another stream.
    const forget = onToken(() => {
      stop.abort();
    });
    await follow({
      url: "/api/stream",
      bearer: token(),
      lastId,
      signal: stop.signal,
      onEvent: (event) => {
        take(event);
        tell({ event });
      },
      onState: (next) => {
        setState(next);
        tell({ state: next });
      },
    });
    forget();
    leads = false;
    return stop.signal.aborted;
  }

  async function run() {
    for (;;) {
      // Without a secure context there are no locks: each tab reads for itself.
      const changed = "locks" in navigator ? await navigator.locks.request(NAME, lead) : await lead();
      // Refused: another tab may have a better token, and this one waits for its own.
      if (!changed) await new Promise<void>((resolve) => { const forget = onToken(() => { forget(); resolve(); }); });
    }
  }
  tell({ ask: true });
  void run();
}
