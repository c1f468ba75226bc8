import { queryOptions } from "@tanstack/react-query";
import { bare } from "../bare";
import { api, unwrap } from "../client";
import { ApiProblem, unreachable } from "../problem";
import type { components } from "../schema";

export type BearerToken = components["schemas"]["BearerToken"];

/** Ask whose a pasted token is; throws the API's own words when it is not good. The token is sent in a header only. */
export async function checkToken(value: string): Promise<BearerToken> {
  const answer = await bare.GET("/api/token", { headers: { Authorization: `Bearer ${value}` } }).catch(() => {
    throw unreachable();
  });
  if (answer.data) return answer.data;
  const told = answer.error as Partial<ApiProblem> | undefined;
  throw new ApiProblem({ ...told, detail: told && "detail" in told ? String(told["detail"]) : "", status: answer.response.status });
}

// The token itself is no part of the key: keys are shown by tools and kept in memory dumps of the cache.
export const tokenQuery = queryOptions({
  queryKey: ["token"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/token", { signal })),
  retry: false,
});
