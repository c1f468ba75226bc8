import type { components } from "./schema";

type Problem = components["schemas"]["Problem"];

/** An answer that was an error, by RFC 9457; status 0 when no answer came at all. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly requestId: string;
  readonly fields: NonNullable<Problem["errors"]>;

  constructor(problem: Partial<Problem> & { status: number }) {
    const title = problem.title ?? `The API answered ${problem.status}`;
    super(problem.detail ?? title);
    this.name = "ApiProblem";
    this.status = problem.status;
    this.code = problem.code ?? "unknown";
    this.title = title;
    this.requestId = problem.request_id ?? "";
    this.fields = problem.errors ?? [];
  }
}

/** What is told when the API could not be reached. */
export function unreachable(): ApiProblem {
  return new ApiProblem({
    status: 0,
    code: "unreachable",
    title: "The API cannot be reached",
    detail: "No answer came: is the stack up, and this machine on the network? It is tried again by itself.",
  });
}

/** Read an answer's problem; an answer that is none (a proxy's page) is told by its status. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  try {
    const body = (await response.json()) as Partial<Problem>;
    return new ApiProblem({ ...body, status: response.status });
  } catch {
    return new ApiProblem({ status: response.status });
  }
}
