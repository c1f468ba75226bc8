import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "../client";
import type { components } from "../schema";

export type Provider = components["schemas"]["ProviderView"];
export type Call = components["schemas"]["CallView"];
export type Plan = components["schemas"]["PlanView"];
export type Forecast = components["schemas"]["Forecast"];

/** A scenario of the simulator. */
export interface Scenario {
  readonly symbols: number;
  readonly tier: "watchlist" | "index" | "other";
  readonly days: number;
}

export const providersQuery = queryOptions({
  queryKey: ["providers", "list"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/providers", { signal })),
});

/** The latest calls to a provider, a page at a time. */
export function callsQuery(name: string) {
  return infiniteQueryOptions({
    queryKey: ["providers", "calls", name],
    queryFn: ({ signal, pageParam }) => {
      const query = { limit: 100, ...(pageParam ? { cursor: pageParam } : {}) };
      return unwrap(api.GET("/api/providers/{name}/calls", { params: { path: { name }, query }, signal }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    enabled: name !== "",
  });
}

// Not among the keys that the stream renews: making a plan takes the server a while, and it changes with every call.
export const planQuery = queryOptions({
  queryKey: ["plan"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/providers/plan", { params: { query: { limit: 1_000 } }, signal })),
  staleTime: 60_000,
});

export function simulationQuery(scenario: Scenario | null) {
  return queryOptions({
    queryKey: ["simulation", scenario],
    queryFn: ({ signal }) => {
      const query = { add_symbols: scenario?.symbols ?? 0, tier: scenario?.tier ?? "other", days: scenario?.days ?? 7 };
      return unwrap(api.GET("/api/providers/plan/simulation", { params: { query }, signal }));
    },
    enabled: scenario !== null,
    staleTime: Infinity,
  });
}
