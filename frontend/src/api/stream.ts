// The browser's EventSource cannot send a token and gives up for good on a 503, so this reads the stream itself.

export interface StreamEvent {
  id: string;
  event: string;
  data: unknown;
}

export type StreamState = "connecting" | "live" | "retrying" | "refused";

export interface Follow {
  url: string;
  bearer: string | null;
  /** The last id that was seen, by this tab or another. */
  lastId: string;
  onEvent: (event: StreamEvent) => void;
  onState: (state: StreamState) => void;
  signal: AbortSignal;
  /** Wait; ends early when the signal says so. */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
/** The server says something each 15 s: three silences in a row are a dead line. */
export const SILENCE_MS = 45_000;

/** Return how long to wait before a try: doubled each time, and spread so that not all clients come at once. */
export function backoff(tries: number, first = FIRST_WAIT_MS, chance = Math.random()): number {
  return Math.min(LONGEST_WAIT_MS, first * 2 ** tries) * (0.5 + chance / 2);
}

/** Take text as it comes and return the events that are whole; `retry` is the wait that the server asked for. */
export class EventParser {
  retry: number | null = null;
  private rest = "";

  feed(text: string): StreamEvent[] {
    const blocks = (this.rest + text).replaceAll("\r\n", "\n").split("\n\n");
    this.rest = blocks.pop() ?? "";
    return blocks.flatMap((block) => this.read(block));
  }

  private read(block: string): StreamEvent[] {
    const found = { id: "", event: "message", data: "" };
    for (const line of block.split("\n")) {
      const [, name = "", value = ""] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
      if (name === "id") found.id = value;
      else if (name === "event") found.event = value;
      else if (name === "data") found.data += (found.data && "\n") + value;
      else if (name === "retry" && /^\d+$/.test(value)) this.retry = Number(value);
    }
    if (found.data === "") return found.id ? [{ id: found.id, event: "", data: null }] : [];
    return [{ ...found, data: JSON.parse(found.data) as unknown }];
  }
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

// A function, because the compiler takes a property that it has read once for constant.
function stopped(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** Follow the stream until the signal ends it ("stopped") or the API refuses the token ("refused"). */
export async function follow(options: Follow): Promise<"stopped" | "refused"> {
  const { onState, signal, sleep = wait } = options;
  const reader = new Reader(options);
  let tries = 0;
  onState("connecting");
  while (!signal.aborted) {
    const ended = await reader.once();
    if (ended === "refused") {
      onState("refused");
      return "refused";
    }
    tries = ended === "heard" ? 0 : tries + 1;
    if (!stopped(signal)) onState("retrying");
    await sleep(backoff(tries, reader.retry ?? FIRST_WAIT_MS), signal);
  }
  return "stopped";
}

class Reader {
  retry: number | null = null;
  private lastId: string;

  constructor(private readonly options: Follow) {
    this.lastId = options.lastId;
  }

  /** Read one connection to its end, however it ends. */
  async once(): Promise<"heard" | "silent" | "refused"> {
    const line = new AbortController();
    const stop = () => {
      line.abort();
    };
    this.options.signal.addEventListener("abort", stop);
    let watchdog = setTimeout(stop, SILENCE_MS);
    let heard = false;
    try {
      const response = await fetch(this.options.url, { headers: this.headers(), signal: line.signal, cache: "no-store" });
      if (response.status === 401 || response.status === 403) return "refused";
      if (!response.ok || !response.body) return "silent";
      this.options.onState("live");
      const parser = new EventParser();
      const text = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await text.read(); !part.done; part = await text.read()) {
        clearTimeout(watchdog);
        watchdog = setTimeout(stop, SILENCE_MS);
        heard = true;
        for (const event of parser.feed(part.value)) this.take(event);
        this.retry = parser.retry ?? this.retry;
      }
    } catch {
      // A broken line, a silent one or a stop: the caller tells them apart by its signal.
    } finally {
      clearTimeout(watchdog);
      this.options.signal.removeEventListener("abort", stop);
      line.abort();
    }
    return heard ? "heard" : "silent";
  }

  private take(event: StreamEvent) {
    if (event.id) this.lastId = event.id;
    this.options.onEvent(event);
  }

  private headers(): Record<string, string> {
    return {
      Accept: "text/event-stream",
      ...(this.lastId ? { "Last-Event-ID": this.lastId } : {}),
      ...(this.options.bearer ? { Authorization: `Bearer ${this.options.bearer}` } : {}),
    };
  }
}
