import createClient, { type Middleware } from "openapi-fetch";
import { ApiProblem, problemOf, unreachable } from "./problem";
import type { paths } from "./schema";
import { token } from "./token";

const house: Middleware = {
  onRequest({ request }) {
    const bearer = token();
    if (bearer) request.headers.set("Authorization", `Bearer ${bearer}`);
    return request;
  },
  async onResponse({ response }) {
    if (!response.ok) throw await problemOf(response);
  },
  onError({ error }) {
    if (error instanceof ApiProblem || (error instanceof DOMException && error.name === "AbortError")) return;
    return unreachable();
  },
};

/** The API, typed by its description. An error answer is thrown as ApiProblem: `data` is there when nothing is thrown. */
export const api = createClient<paths>({ baseUrl: location.origin, fetch: (request) => fetch(request) });
api.use(house);

/** Return an answer's data; for use in a queryFn: `unwrap(api.GET("/api/system", { signal }))`. */
export async function unwrap<T>(answer: Promise<{ data?: T; response: Response }>): Promise<T> {
  const { data, response } = await answer;
  if (data === undefined) throw new ApiProblem({ status: response.status, title: "The answer was empty" });
  return data;
}
