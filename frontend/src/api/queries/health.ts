import { queryOptions } from "@tanstack/react-query";
import { bare } from "../bare";
import { ApiProblem, unreachable } from "../problem";
import type { components } from "../schema";
import { token } from "../token";

export type Health = components["schemas"]["Health"];
const AGAIN_MS = 5_000;

/** Read how each part stands. 503 is an answer too: its findings say which part is down. */
export async function readHealth(signal?: AbortSignal): Promise<Health> {
  const bearer = token();
  const answer = await bare
    .GET("/api/health", { ...(signal ? { signal } : {}), headers: bearer ? { Authorization: `Bearer ${bearer}` } : {} })
    .catch((error: unknown) => {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      throw unreachable();
    });
  if (answer.data) return answer.data;
  const told: unknown = answer.error;
  if (typeof told === "object" && told !== null && "checks" in told) return told as Health;
  throw new ApiProblem({ ...(told as Partial<ApiProblem>), status: answer.response.status });
}

/** The health of each part; asked again by itself only while nobody can tell, since the stream is away then too. */
export const findingsQuery = queryOptions({
  queryKey: ["health", "findings"],
  queryFn: ({ signal }) => readHealth(signal),
  retry: false,
  refetchInterval: (query) => (query.state.status === "error" || query.state.data?.status === "down" ? AGAIN_MS : false),
});
