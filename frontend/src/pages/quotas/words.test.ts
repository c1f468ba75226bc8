import { expect, it } from "vitest";
import { dayAndTime, waitInWords } from "./words";

const market = Date.parse("2010-05-06T18:00:00Z");

it("says a moment by its weekday in New York", () => {
  expect(dayAndTime("2010-05-06T18:20:00Z")).toContain("Thursday");
  expect(dayAndTime("2010-05-06T18:20:00Z")).toContain("14:20 EDT");
});

it("says a wait, and on a replay how long that is here", () => {
  expect(waitInWords(market + 12_000, { market, speed: 1 })).toBe("in 12\u00a0s");
  expect(waitInWords(market + 5_760_000, { market, speed: 5_760 })).toBe(
    "in 1\u00a0h 36\u00a0min of market time, 1\u00a0s here",
  );
  expect(waitInWords(market + 576, { market, speed: 5_760 })).toContain("1\u00a0ms here");
  expect(waitInWords(market - 1, { market, speed: 1 })).toBe("now");
});
