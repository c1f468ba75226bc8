import { expect, test } from "vitest";
import type { MarketDay, MarketSession } from "../../api/queries/market";
import { longDay, regained, storyOf } from "./story";

const CRASH: MarketSession = {
  session: "2010-05-06",
  traded: 498,
  compared: 498,
  advancers: 13,
  decliners: 484,
  unchanged: 1,
  median_percent: -3.2651,
  median_low_percent: -9.1387,
  median_high_percent: 0.7173,
  dollar_volume: 213_933_799_614,
};
const CALM: MarketSession = {
  ...CRASH,
  session: "2010-04-26",
  advancers: 260,
  decliners: 230,
  unchanged: 8,
  median_percent: 0.1,
  median_low_percent: -0.6,
  dollar_volume: 100e9,
};
const PM = {
  symbol: "PM",
  name: "Philip Morris International",
  sector: null,
  previous_close: 48.71,
  low: 2,
  high: 48.92,
  close: 47,
  change_percent: -3.5106,
  low_percent: -95.8941,
  high_percent: 0.43,
  volume: 16_460_700,
  dollar_volume: 773_652_900,
  recent: [48.71, 47],
};

function day(line: MarketSession, more: Partial<MarketDay> = {}): MarketDay {
  return {
    line,
    close_at: "2010-05-06T20:00:00Z",
    previous: "2010-05-05",
    following: "2010-05-07",
    broad: {
      mean_percent: -3.2,
      weighted_percent: -3.4,
      lower_quartile_percent: -4,
      upper_quartile_percent: -2,
      median_open_percent: -0.5,
      fell_deep_at_low: 0,
      fell_deep: 0,
      volume_up: 1,
      volume_down: 40,
    },
    extremes: null,
    distribution: [],
    sectors: [],
    movers: { gainers: [], losers: [], deepest: [], active: [] },
    ...more,
  };
}

test("6 May 2010 is told by its figures", () => {
  const whole = day(CRASH, {
    extremes: { since: "2009-08-21", able: 478, highs: 8, lows: 51 },
    movers: { gainers: [], losers: [], deepest: [PM], active: [] },
  });
  whole.broad.fell_deep_at_low = 187;
  whole.broad.fell_deep = 1;
  const others = Array.from({ length: 59 }, (_, at) => ({ ...CALM, session: `2010-03-${at}` }));
  const story = storyOf(whole, [...others, CRASH]);
  const text = story.sentences.join(" ").replaceAll("\u00a0", " ");
  expect(story.title).toBe("A plunge during the day, most of it regained by the close");
  expect(text).toContain("On Thursday, May 6, 2010, 484 of 498 shares fell; 13 rose and 1 closed where they had closed before.");
  expect(text).toContain("The median share closed 3.3 % lower.");
  expect(text).toContain("stood 9.1 % below the close before. About 64 % of that was regained by the close.");
  expect(text).toContain("187 shares (38 %) were 10 % or more down at some moment of the day; only 1 closed that low.");
  expect(text).toContain("Philip Morris International (PM): 2.00 USD at its lowest, 95.9 % below the close before");
  expect(text).toContain("None of the 59 other sessions shown went so deep");
  expect(text).toContain("213.9B USD of shares changed hands, 2.1 times the usual of those sessions.");
  expect(text).toContain("51 of 478 shares traded lower than at any time since Aug 21, 2009, 8 higher.");
});

test("a calm day is told in two sentences", () => {
  const story = storyOf(day(CALM), [CALM]);
  expect(story.title).toBe("A mixed day");
  expect(story.sentences).toHaveLength(2);
  expect(story.sentences[1]?.replaceAll("\u00a0", " ")).toBe("The median share closed 0.1 % higher.");
});

test("without a session before, nothing is said of changes", () => {
  const story = storyOf(day({ ...CRASH, compared: 0, median_percent: null, median_low_percent: null }), []);
  expect(story.title).toBe("Nothing to compare with");
  expect(story.sentences).toHaveLength(1);
});

test("what was regained is a part of the worst fall", () => {
  expect(regained(CRASH)).toBeCloseTo(0.643, 3);
  expect(regained({ ...CRASH, median_percent: 1 })).toBe(1);
  expect(regained(CALM)).toBeNull();
  expect(regained({ ...CRASH, median_percent: -9.1387 })).toBeNull();
});

test("sectors are told when there are some", () => {
  const sector = (name: string, mean: number) => ({
    sector: name,
    compared: 30,
    advancers: 0,
    decliners: 30,
    mean_percent: mean,
    weighted_percent: mean,
    dollar_volume: 1,
  });
  const sectors = [sector("Energy", -4), sector("Utilities", -2.5), sector("Health Care", -3)];
  const text = storyOf(day(CRASH, { sectors }), []).sentences.at(-1);
  expect(text?.replaceAll("\u00a0", " ")).toBe("Every sector fell: Energy −4.00 %, Utilities −2.50 % on average at the ends.");
});

test("a trading date has its day of the week, whatever the reader's zone", () => {
  expect(longDay("2010-05-06")).toBe("Thursday, May 6, 2010");
});
