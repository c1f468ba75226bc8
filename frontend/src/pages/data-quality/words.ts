const DATASETS: Readonly<Record<string, string>> = {
  bars_daily: "Daily bars",
  instruments: "Instruments",
  splits: "Splits",
  dividends: "Dividends",
  symbol_bars: "Second source's bars",
  profiles: "Profiles",
  fundamentals: "Fundamentals",
  quotes: "Quotes",
  earnings: "Earnings",
  news: "News",
};

const RULES: Readonly<Record<string, string>> = {
  ohlc_order: "High and low do not hold open and close",
  volume_overflow: "Volume overflowed",
  not_positive: "Price of zero or below",
  not_finite: "Not a number",
  negative_volume: "Volume below zero",
  bad_symbol: "Not a ticker",
  vwap: "Average price is no price",
  trades: "Number of trades is none",
  duplicate: "Told twice, differently",
  wrong_session: "Of another session",
  ambiguous_symbol: "Nobody knows whose ticker",
  unreadable: "Fields or types are wrong",
  jump: "Jump without an action",
  spike: "Jump that was taken back",
  stale_repeat: "The same numbers again",
  volume_outlier: "Volume far from usual",
  missing_session: "No bar between two others",
  provider_difference: "A second provider differs",
};

export const HELD_RULES = ["ohlc_order", "volume_overflow", "not_positive", "not_finite", "negative_volume", "bad_symbol", "vwap", "trades", "duplicate", "wrong_session", "ambiguous_symbol", "unreadable"] as const;
export const FLAG_RULES = ["jump", "spike", "stale_repeat", "volume_outlier", "missing_session", "provider_difference"] as const;
export const PROVIDERS = ["polygon", "alpha_vantage", "finnhub", "newsapi"] as const;

export function titleOf(dataset: string): string {
  return DATASETS[dataset] ?? dataset;
}

export function ruleInWords(rule: string): string {
  return RULES[rule] ?? rule.replaceAll("_", " ");
}

/** Return the sum of counts by rule. */
export function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
