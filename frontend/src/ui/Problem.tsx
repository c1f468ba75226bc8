import { Link } from "wouter";
import { ApiProblem } from "../api/problem";
import { Button } from "./Button";
import css from "./Problem.module.css";

/** What went wrong, what to do, and the way to try again. */
export function Problem({ error, retry }: { error: unknown; retry?: () => void }) {
  const known = error instanceof ApiProblem ? error : null;
  return (
    <div className={css["problem"]} role="alert">
      <p className={css["title"]}>{known ? known.title : "This page met an error"}</p>
      <p>{error instanceof Error ? error.message : String(error)}</p>
      {known && known.fields.length > 0 && (
        <ul>
          {known.fields.map((field) => (
            <li key={field.name}>
              <code>{field.name}</code>: {field.message}
            </li>
          ))}
        </ul>
      )}
      <div className={css["ways"]}>
        {known?.status === 401 && (
          <Link href={`/sign-in?back=${encodeURIComponent(location.pathname + location.search)}`}>Sign in</Link>
        )}
        {retry && <Button onClick={retry}>Try again</Button>}
        {known?.requestId && (
          <small>
            Request <code>{known.requestId}</code> in the log
          </small>
        )}
      </div>
    </div>
  );
}
