import type { Freshness } from "../../api/queries/market";
import { number } from "../../format/numbers";
import { Badge } from "../../ui/Badge";
import { Day, When } from "../../ui/When";
import css from "./Page.module.css";

/** How fresh the bars are, and when the next are due. */
export function Fresh({ freshness }: { freshness: Freshness }) {
  const { latest, latest_close_at: closed, late, next } = freshness;
  return (
    <p className={css["fresh"]}>
      {late.length > 0 ? (
        <Badge tone="warn">{late.length === 1 ? "1 session is late" : `${number(late.length)} sessions are late`}</Badge>
      ) : (
        <Badge tone="good">Up to date</Badge>
      )}{" "}
      {latest ? (
        <>
          Latest stored session: <Day day={latest} />
          {closed && (
            <>
              , closed <When at={closed} />
            </>
          )}
          .
        </>
      ) : (
        "No session is stored yet."
      )}{" "}
      {next ? (
        <>
          Next: <Day day={next.session} />, whose bars are final from <When at={next.due_at} /> on.
        </>
      ) : (
        "The stored calendar ends here: the pipeline calendar renews it."
      )}
    </p>
  );
}
