import { beforeEach, expect, test, vi } from "vitest";
import { api, unwrap } from "./client";
import { ApiProblem } from "./problem";
import { setToken } from "./token";

beforeEach(() => {
  setToken(null);
});

function answerWith(make: (request: Request) => Response | Promise<Response>) {
  const seen: Request[] = [];
  vi.stubGlobal("fetch", (request: Request) => {
    seen.push(request);
    return Promise.resolve(make(request));
  });
  return seen;
}

const problem = { type: "/problems/unauthorised", title: "Sign in", status: 401, detail: "No token.", code: "unauthorised" };

test("the token goes along as Bearer, and nothing without one", async () => {
  const seen = answerWith(() => Response.json({ version: "1" }));
  await unwrap(api.GET("/api/system"));
  setToken("abc");
  await unwrap(api.GET("/api/system"));
  expect(seen.map((request) => request.headers.get("Authorization"))).toEqual([null, "Bearer abc"]);
});

test("an error answer is thrown with what it said", async () => {
  answerWith(() => Response.json(problem, { status: 401 }));
  const thrown = await unwrap(api.GET("/api/system")).catch((e: unknown) => e);
  expect(thrown).toBeInstanceOf(ApiProblem);
  expect(thrown).toMatchObject({ status: 401, code: "unauthorised", message: "No token." });
});

test("an error page of a proxy is told by its status", async () => {
  answerWith(() => new Response("<h1>Bad gateway</h1>", { status: 502 }));
  await expect(unwrap(api.GET("/api/system"))).rejects.toMatchObject({ status: 502, code: "unknown" });
});

test("no answer at all is a problem of status 0", async () => {
  answerWith(() => Promise.reject(new TypeError("Failed to fetch")));
  await expect(unwrap(api.GET("/api/system"))).rejects.toMatchObject({ status: 0, code: "unreachable" });
});
