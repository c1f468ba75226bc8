import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { backoff, EventParser, follow, SILENCE_MS, type StreamEvent, type StreamState } from "./stream";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("events are whole however the text is cut, and comments are none", () => {
  const parser = new EventParser();
  const text = ': hello\n\nretry: 250\nid: 1-0\nevent: bars\ndata: {"a":\ndata: 1}\n\nid: 2-0\ndata: 2\n\n';
  const events = Array.from(text).flatMap((letter) => parser.feed(letter));
  expect(events).toEqual([
    { id: "1-0", event: "bars", data: { a: 1 } },
    { id: "2-0", event: "message", data: 2 },
  ]);
  expect(parser.retry).toBe(250);
});

test("waits double up to half a minute, and are spread", () => {
  expect([0, 1, 2, 9].map((tries) => backoff(tries, 1_000, 1))).toEqual([1_000, 2_000, 4_000, 30_000]);
  expect(backoff(1, 1_000, 0)).toBe(1_000);
});

function run(answers: (() => Promise<Response>)[], stopAfter = answers.length) {
  const stop = new AbortController();
  const seen: Headers[] = [];
  const events: StreamEvent[] = [];
  const states: StreamState[] = [];
  vi.stubGlobal("fetch", (_url: string, init: RequestInit) => {
    seen.push(new Headers(init.headers));
    const answer = answers[seen.length - 1];
    const line = new Promise<Response>((_, fail) => {
      init.signal?.addEventListener("abort", () => {
        fail(new Error("aborted"));
      });
    });
    return answer ? Promise.race([answer(), line]) : line;
  });
  const sleep = () => {
    if (seen.length >= stopAfter) stop.abort();
    return Promise.resolve();
  };
  const ended = follow({
    url: "/api/stream",
    bearer: "abc",
    lastId: "",
    onEvent: (event) => events.push(event),
    onState: (state) => states.push(state),
    signal: stop.signal,
    sleep,
  });
  return { ended, seen, events, states };
}

const says = (text: string) => () => Promise.resolve(new Response(text));
const status = (code: number) => () => Promise.resolve(new Response("", { status: code }));

test("a broken stream goes on after the last id, with the token", async () => {
  const { ended, seen, events } = run([says("id: 7-0\nevent: bars\ndata: {}\n\nid: 8"), status(503), says("id: 8-0\nevent: bars\ndata: {}\n\n")]);
  expect(await ended).toBe("stopped");
  expect(seen.map((headers) => headers.get("Last-Event-ID"))).toEqual([null, "7-0", "7-0"]);
  expect(seen[0]?.get("Authorization")).toBe("Bearer abc");
  expect(events.map((event) => event.id)).toEqual(["7-0", "8-0"]);
});

test.each([401, 403])("a refusal (%i) is not tried again", async (code) => {
  const { ended, seen, states } = run([status(code), says("")], 9);
  expect(await ended).toBe("refused");
  expect(seen).toHaveLength(1);
  expect(states).toEqual(["connecting", "refused"]);
});

test("a line that says nothing is given up after 45 s", async () => {
  const { ended, seen, states } = run([() => new Promise(() => undefined), status(401)], 9);
  await vi.advanceTimersByTimeAsync(SILENCE_MS - 1);
  expect(seen).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(await ended).toBe("refused");
  expect(states).toEqual(["connecting", "retrying", "refused"]);
});
