import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "../client";
import type { components, paths } from "../schema";

export type DatasetQuality = components["schemas"]["DatasetQuality"];
export type SessionQuality = components["schemas"]["SessionQuality"];
export type HeldRow = components["schemas"]["HeldView"];
export type Flag = components["schemas"]["FlagView"];
export type Disagreement = components["schemas"]["Disagreement"];
export type Bars = components["schemas"]["ColumnarBars"];
export type HeldFilter = Pick<NonNullable<paths["/api/quarantine"]["get"]["parameters"]["query"]>, "rule" | "provider" | "symbol" | "state">;
export type FlagFilter = Pick<NonNullable<paths["/api/data-quality/flags"]["get"]["parameters"]["query"]>, "rule" | "state" | "symbols">;
export type Disputed = NonNullable<NonNullable<paths["/api/disagreements"]["get"]["parameters"]["query"]>["dataset"]>;

const PAGE = 200;
const NEXT = { initialPageParam: "", getNextPageParam: (last: { next?: string | null }) => last.next ?? undefined };

/** How each dataset stands. */
export const qualityQuery = queryOptions({
  queryKey: ["quality", "datasets"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/data-quality", { signal })),
});

/** The sessions from a day to before another, with what is expected and stored of each. */
export function calendarQuery(from: string, until: string) {
  return queryOptions({
    queryKey: ["quality", "calendar", from, until],
    queryFn: ({ signal }) => unwrap(api.GET("/api/data-quality/calendar", { params: { query: { from, until } }, signal })),
    placeholderData: keepPreviousData,
  });
}

/** What is planned and what waits: the reasons of gaps. */
export const gapPlanQuery = queryOptions({
  queryKey: ["providers", "plan", "gaps"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/providers/plan", { params: { query: { limit: 500 } }, signal })),
});

export function quarantineQuery(filter: HeldFilter) {
  return infiniteQueryOptions({
    queryKey: ["quarantine", "rows", filter],
    queryFn: ({ signal, pageParam }) =>
      unwrap(api.GET("/api/quarantine", { params: { query: { ...filter, limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) } }, signal })),
    ...NEXT,
    placeholderData: keepPreviousData,
  });
}

export function heldRowQuery(id: number) {
  return queryOptions({
    queryKey: ["quarantine", "row", id],
    queryFn: ({ signal }) => unwrap(api.GET("/api/quarantine/{held_id}", { params: { path: { held_id: id } }, signal })),
  });
}

export function flagsQuery(filter: FlagFilter) {
  return infiniteQueryOptions({
    queryKey: ["quality", "flags", filter],
    queryFn: ({ signal, pageParam }) =>
      unwrap(api.GET("/api/data-quality/flags", { params: { query: { ...filter, limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) } }, signal })),
    ...NEXT,
    placeholderData: keepPreviousData,
  });
}

export function disagreementsQuery(dataset: Disputed, symbols?: string) {
  return infiniteQueryOptions({
    queryKey: ["quality", "disagreements", dataset, symbols ?? ""],
    queryFn: ({ signal, pageParam }) =>
      unwrap(
        api.GET("/api/disagreements", {
          params: { query: { dataset, limit: PAGE, ...(symbols ? { symbols } : {}), ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    ...NEXT,
    // Another filter of the same dataset may show the last rows for a moment; another dataset measures other things.
    placeholderData: (last, query) => (query?.queryKey[2] === dataset ? last : undefined),
  });
}

/** The stored bars around a session, as traded. */
export function neighboursQuery(symbols: string, from: string, until: string) {
  return queryOptions({
    queryKey: ["bars", "neighbours", symbols, from, until],
    queryFn: async ({ signal }) =>
      (await unwrap(
        api.GET("/api/bars", { params: { query: { symbols, from, until, adjusted: "none" } }, headers: { Accept: "application/json" }, signal }),
      )) as Bars,
  });
}

/** What other providers told of the same session; compared, never served. */
export function secondSourceQuery(symbol: string, session: string) {
  return queryOptions({
    queryKey: ["provenance", "symbol_bars", symbol, session],
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/provenance", { params: { query: { dataset: "symbol_bars", symbol, session } }, signal })),
  });
}

/** Carry out the operator's verdict on a held row. */
export function decide(id: number, verdict: "release" | "reject", reason: string): Promise<HeldRow> {
  const asked = { params: { path: { held_id: id } }, body: { reason } };
  return unwrap(
    verdict === "release" ? api.POST("/api/quarantine/{held_id}/release", asked) : api.POST("/api/quarantine/{held_id}/reject", asked),
  );
}
