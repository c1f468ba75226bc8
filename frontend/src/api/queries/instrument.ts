import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { toBars } from "../../pages/instrument/bars";
import { api, unwrap } from "../client";
import type { components } from "../schema";

type Schemas = components["schemas"];
export type Timeframe = Schemas["Timeframe"];
export type Adjusted = Schemas["Adjustment"];

/** The parameter that asks for what was known then; none for now. */
const then = (asOf: string | null) => (asOf === null ? {} : { as_of: asOf });

/** All bars of a symbol, as columns of numbers. */
export function barsQuery(symbol: string, timeframe: Timeframe, adjusted: Adjusted, asOf: string | null) {
  return queryOptions({
    queryKey: ["bars", symbol, timeframe, adjusted, asOf],
    queryFn: async ({ signal }) => {
      const query = { symbols: symbol, timeframe, adjusted, limit: 10_000, ...then(asOf) };
      // The route gives tables too, so the client cannot tell which form comes: JSON, as nothing else is asked for.
      const answer = unwrap<unknown>(api.GET("/api/bars", { params: { query }, signal }));
      return toBars((await answer) as Schemas["ColumnarBars"]);
    },
    placeholderData: keepPreviousData,
  });
}

export function quoteQuery(symbol: string, asOf: string | null) {
  return queryOptions({
    queryKey: ["quotes", symbol, asOf],
    queryFn: ({ signal }) => unwrap(api.GET("/api/quotes", { params: { query: { symbols: symbol, ...then(asOf) } }, signal })),
  });
}

export function actionsQuery(symbol: string, asOf: string | null) {
  return queryOptions({
    queryKey: ["actions", symbol, asOf],
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/actions", { params: { query: { symbols: symbol, limit: 1_000, ...then(asOf) } }, signal })),
  });
}

/** Which instrument it is, and the days on which what is known of it changed. */
export function changesQuery(symbol: string) {
  return queryOptions({
    queryKey: ["instruments", symbol, "changes"],
    queryFn: ({ signal }) => unwrap(api.GET("/api/instruments/{symbol}/changes", { params: { path: { symbol } }, signal })),
  });
}

export function historyQuery(symbol: string) {
  return queryOptions({
    queryKey: ["instruments", symbol, "history"],
    queryFn: ({ signal }) => unwrap(api.GET("/api/instruments/{symbol}/history", { params: { path: { symbol } }, signal })),
  });
}

export function companyQuery(symbol: string, part: "profile" | "fundamentals", asOf: string | null) {
  return queryOptions({
    queryKey: ["fundamentals", symbol, part, asOf],
    queryFn: ({ signal }) => {
      const params = { path: { symbol }, query: then(asOf) };
      return part === "profile"
        ? unwrap(api.GET("/api/instruments/{symbol}/profile", { params, signal }))
        : unwrap(api.GET("/api/instruments/{symbol}/fundamentals", { params, signal }));
    },
  });
}

export function newsQuery(symbol: string, asOf: string | null) {
  return queryOptions({
    queryKey: ["news", symbol, asOf],
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/news", { params: { query: { symbols: symbol, limit: 50, ...then(asOf) } }, signal })),
  });
}

export function earningsQuery(symbol: string, asOf: string | null) {
  return queryOptions({
    queryKey: ["earnings", symbol, asOf],
    queryFn: ({ signal }) => unwrap(api.GET("/api/earnings", { params: { query: { symbols: symbol, ...then(asOf) } }, signal })),
  });
}

export function disagreementsQuery(symbol: string, dataset: "bars" | "fundamentals", asOf: string | null) {
  return queryOptions({
    queryKey: ["disagreements", symbol, dataset, asOf],
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/disagreements", { params: { query: { dataset, symbols: symbol, ...then(asOf) } }, signal })),
  });
}

/** Where a stored bar comes from; only daily bars are stored. */
export function originQuery(symbol: string, session: string, asOf: string | null) {
  return queryOptions({
    queryKey: ["provenance", symbol, session, asOf],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/api/provenance", { params: { query: { dataset: "bars_daily", symbol, session, ...then(asOf) } }, signal }),
      ),
  });
}
