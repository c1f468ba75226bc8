import type { MarketDay, MarketSession } from "../../api/queries/market";
import { compact, number, percent, price } from "../../format/numbers";
import { tradingDay } from "../../format/times";

export interface Story {
  /** What kind of day it was, in a few words. */
  title: string;
  sentences: string[];
}

/** From here on a day's median low is told as a plunge, in percent. */
const PLUNGE = -5;
/** From here on a median move is a broad one, in percent. */
const BROAD = 2;
/** From here on one share's fall within the day is told by name, in percent. */
const SHARP = -20;
/** Fewer other sessions than this are nothing to compare with. */
const ENOUGH = 10;

/** Tell a day in plain words: every sentence is a stored figure, and none says why it happened. */
export function storyOf(day: MarketDay, sessions: readonly MarketSession[]): Story {
  const { line } = day;
  if (line.compared === 0) {
    return {
      title: "Nothing to compare with",
      sentences: [
        `${number(line.traded)} shares have a bar of ${longDay(line.session)}, but the session before it is not stored: ` +
          "a change cannot be told until it is.",
      ],
    };
  }
  const told = [breadth(line), median(line), deep(day), deepest(day), among(line, sessions), extremes(day), sectors(day)];
  return { title: titleOf(line), sentences: told.filter((sentence) => sentence !== null) };
}

/** Return a trading date with its day of the week. */
export function longDay(day: string): string {
  const weekday = new Intl.DateTimeFormat(undefined, { timeZone: "UTC", weekday: "long" });
  return `${weekday.format(new Date(`${day}T00:00:00Z`))}, ${tradingDay(day)}`;
}

/** Return which part of the median's worst fall was regained by the close: 0 to 1, null where there was hardly one. */
export function regained(line: MarketSession): number | null {
  const { median_percent: close, median_low_percent: low } = line;
  if (close === null || low === null || low > -1 || close <= low) return null;
  return Math.min(1, 1 - close / low);
}

function titleOf(line: MarketSession): string {
  const close = line.median_percent ?? 0;
  const low = line.median_low_percent ?? 0;
  const back = regained(line) ?? 0;
  if (low <= PLUNGE) {
    return back >= 0.5 ? "A plunge during the day, most of it regained by the close" : "A plunge, and little of it regained";
  }
  if (close <= -BROAD) return "A broad fall";
  if (close >= BROAD) return "A broad rise";
  if (line.decliners > line.compared * 0.66) return "Most shares fell";
  if (line.advancers > line.compared * 0.66) return "Most shares rose";
  return "A mixed day";
}

function breadth(line: MarketSession): string {
  const fell = line.decliners >= line.advancers;
  const [most, way] = fell ? [line.decliners, "fell"] : [line.advancers, "rose"];
  const [rest, other] = fell ? [line.advancers, "rose"] : [line.decliners, "fell"];
  const same = line.unchanged ? ` and ${number(line.unchanged)} closed where they had closed before` : "";
  return `On ${longDay(line.session)}, ${number(most)} of ${number(line.compared)} shares ${way}; ${number(rest)} ${other}${same}.`;
}

function median(line: MarketSession): string | null {
  const { median_percent: close, median_low_percent: low } = line;
  if (close === null || low === null) return null;
  const way = close < 0 ? "lower" : "higher";
  const first = close === 0 ? "The median share closed unchanged" : `The median share closed ${plain(close)} ${way}`;
  if (low > -1) return `${first}.`;
  const back = regained(line);
  const rest = close < 0 && back !== null && back >= 0.25 ? ` About ${percent(back, 0, false)} of that was regained by the close.` : "";
  return `${first}. At its own lowest price of the day, the median share stood ${plain(low)} below the close before.${rest}`;
}

function deep(day: MarketDay): string | null {
  const { fell_deep_at_low: atLow, fell_deep: atClose } = day.broad;
  if (atLow < 2) return null;
  const part = percent(atLow / day.line.compared, 0, false);
  const closed = atClose === 0 ? "none closed" : `only ${number(atClose)} closed`;
  const then = atClose < atLow / 2 ? `; ${closed} that low` : `; ${number(atClose)} still were at the close`;
  return `${number(atLow)} shares (${part}) were 10 % or more down at some moment of the day${then}.`;
}

function deepest(day: MarketDay): string | null {
  const one = day.movers.deepest[0];
  if (!one || one.low_percent > SHARP) return null;
  const name = one.name ? `${one.name} (${one.symbol})` : one.symbol;
  const way = one.change_percent < 0 ? "lower" : "higher";
  return (
    `The deepest was ${name}: ${price(one.low)} USD at its lowest, ${plain(one.low_percent)} below the close before, ` +
    `and ${price(one.close)} USD at the close, ${plain(one.change_percent)} ${way}.`
  );
}

function among(line: MarketSession, sessions: readonly MarketSession[]): string | null {
  const others = sessions.filter((each) => each.session !== line.session && each.compared > 0);
  if (others.length < ENOUGH || line.median_low_percent === null) return null;
  const low = line.median_low_percent;
  const usual = middle(others.map((each) => each.median_low_percent ?? 0));
  const dollars = line.dollar_volume / middle(others.map((each) => each.dollar_volume));
  const rank = others.every((each) => (each.median_low_percent ?? 0) > low);
  const found = [];
  if (rank) {
    found.push(`None of the ${number(others.length)} other sessions shown went so deep: their usual median low is ${percent(usual / 100)}.`);
  }
  if (dollars >= 1.25 || dollars <= 0.75) {
    found.push(`${compact(line.dollar_volume)} USD of shares changed hands, ${number(dollars, { decimals: 1 })} times the usual of those sessions.`);
  }
  return found.join(" ") || null;
}

function extremes(day: MarketDay): string | null {
  const found = day.extremes;
  if (!found || found.highs + found.lows === 0) return null;
  return (
    `${number(found.lows)} of ${number(found.able)} shares traded lower than at any time since ${tradingDay(found.since)}, ` +
    `${number(found.highs)} higher.`
  );
}

function sectors(day: MarketDay): string | null {
  const known = day.sectors.filter((each) => each.sector !== null && each.mean_percent !== null);
  if (known.length < 3) return null;
  const ordered = known.toSorted((one, other) => (one.mean_percent ?? 0) - (other.mean_percent ?? 0));
  const worst = ordered[0];
  const best = ordered.at(-1);
  if (!worst || !best) return null;
  const all = (best.mean_percent ?? 0) < 0 ? "Every sector fell: " : (worst.mean_percent ?? 0) > 0 ? "Every sector rose: " : "";
  const ends = `${worst.sector ?? ""} ${percent((worst.mean_percent ?? 0) / 100)}, ${best.sector ?? ""} ${percent((best.mean_percent ?? 0) / 100)}`;
  return all ? `${all}${ends} on average at the ends.` : `By sector, the averages go from ${ends}.`;
}

function plain(value: number): string {
  return percent(Math.abs(value) / 100, 1, false);
}

function middle(values: readonly number[]): number {
  const ordered = values.toSorted((one, other) => one - other);
  const at = ordered.length / 2;
  return ordered.length % 2 ? (ordered[Math.floor(at)] ?? 0) : ((ordered[at - 1] ?? 0) + (ordered[at] ?? 0)) / 2;
}
