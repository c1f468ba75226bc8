import { infiniteQueryOptions, keepPreviousData, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "../client";
import type { components } from "../schema";

export type Pipeline = components["schemas"]["PipelineView"];
export type Run = components["schemas"]["RunView"];

const PAGE = 500;

/** Every pipeline with its schedule and its last run. */
export const pipelinesQuery = queryOptions({
  queryKey: ["pipelines", "list"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/pipelines", { signal })),
});

/** The runs of all pipelines that were under way in the last so many seconds, the latest first, a page at a time. */
export function runsQuery(withinS: number) {
  return infiniteQueryOptions({
    queryKey: ["pipelines", "runs", withinS],
    queryFn: ({ signal, pageParam }) => {
      const query = { within_s: withinS, limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) };
      return unwrap(api.GET("/api/pipelines/runs", { params: { query }, signal }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });
}

export function runQuery(id: number) {
  return queryOptions({
    queryKey: ["pipelines", "run", id],
    queryFn: ({ signal }) => unwrap(api.GET("/api/pipelines/runs/{run_id}", { params: { path: { run_id: id } }, signal })),
  });
}

/** The steps of a run, a page at a time. */
export function stepsQuery(id: number) {
  return infiniteQueryOptions({
    queryKey: ["pipelines", "run", id, "steps"],
    queryFn: ({ signal, pageParam }) => {
      const query = { limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) };
      const params = { path: { run_id: id }, query };
      return unwrap(api.GET("/api/pipelines/runs/{run_id}/steps", { params, signal }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
  });
}

/** What an operator asks for. */
export type Order =
  | { what: "pause" | "resume"; name: string }
  | { what: "start"; name: string; window: string }
  | { what: "backfill"; name: string; from: string; until: string; force: boolean }
  | { what: "retry"; run: number };

async function carryOut(order: Order): Promise<Run | null> {
  if (order.what === "retry") {
    await unwrap(api.POST("/api/pipelines/runs/{run_id}/retry", { params: { path: { run_id: order.run } } }));
    return null;
  }
  const params = { path: { name: order.name } };
  switch (order.what) {
    case "pause":
      await unwrap(api.POST("/api/pipelines/{name}/pause", { params }));
      return null;
    case "resume":
      await unwrap(api.POST("/api/pipelines/{name}/resume", { params }));
      return null;
    case "start":
      return unwrap(api.POST("/api/pipelines/{name}/runs", { params, body: { window: order.window, args: {} } }));
    case "backfill": {
      const body = { from: order.from, until: order.until, force: order.force };
      return unwrap(api.POST("/api/pipelines/{name}/backfill", { params, body }));
    }
  }
}

/** Carry out an operator's order; returns the run that it started, if any. */
export function useOrder() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: carryOut,
    onSuccess: () => queries.invalidateQueries({ queryKey: ["pipelines"] }),
  });
}
