import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "../client";

/** The instruments that a text means, the best first. */
export function searchQuery(text: string, limit = 8) {
  const q = text.trim();
  return queryOptions({
    queryKey: ["instruments", "search", q, limit],
    queryFn: ({ signal }) => unwrap(api.GET("/api/instruments/search", { params: { query: { q, limit } }, signal })),
    enabled: q.length > 0,
    staleTime: 60_000,
  });
}
