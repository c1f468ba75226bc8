import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "../client";
import type { components } from "../schema";

export type Market = components["schemas"]["Market"];
export type MarketDay = components["schemas"]["MarketDay"];
export type MarketSession = components["schemas"]["MarketSession"];
export type Mover = components["schemas"]["Mover"];
export type Freshness = components["schemas"]["Freshness"];
export type Universe = components["schemas"]["Universe"];

/** The market's day: of a session, or (null) of the latest, which moves on when the stream says that bars changed. */
export function marketQuery(session: string | null, universe: Universe) {
  return queryOptions({
    queryKey: ["market", session, universe],
    queryFn: ({ signal }) => {
      const query = { universe, ...(session ? { session } : {}) };
      return unwrap(api.GET("/api/market", { params: { query }, signal }));
    },
    placeholderData: keepPreviousData,
  });
}
