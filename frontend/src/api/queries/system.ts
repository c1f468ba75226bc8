import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "../client";

/** What runs here, and how the market's clock stands against the machine's. */
export const systemQuery = queryOptions({
  queryKey: ["system"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/system", { signal })),
});

/** How everything stands; a 503 with findings is an answer too. */
export const healthQuery = queryOptions({
  queryKey: ["health"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/health", { signal })),
});
