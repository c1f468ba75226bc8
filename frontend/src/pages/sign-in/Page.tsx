import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, useSyncExternalStore, type SyntheticEvent } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { checkToken, tokenQuery, type BearerToken } from "../../api/queries/token";
import { onToken, setToken, token } from "../../api/token";
import { duration } from "../../format/times";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { Panel } from "../../ui/Panel";
import { Problem } from "../../ui/Problem";
import { Skeleton } from "../../ui/Skeleton";
import { When } from "../../ui/When";
import css from "./Page.module.css";
import { faultOf, secondsLeft, tokenOf, wayBack } from "./paste";

/** Sign in with the operator's token, see until when it is good, sign out. */
export default function Page() {
  const kept = useSyncExternalStore(onToken, token);
  const back = wayBack(useSearch());
  return (
    <div className={css["page"]}>
      <h1>{kept === null ? "Sign in" : "Signed in"}</h1>
      {kept === null ? <Paste back={back} /> : <Standing back={back} />}
    </div>
  );
}

function Paste({ back }: { back: string }) {
  const [pasted, setPasted] = useState("");
  const [fault, setFault] = useState<string>();
  const queries = useQueryClient();
  const [, go] = useLocation();
  const check = useMutation({
    mutationFn: async (value: string) => ({ value, told: await checkToken(value) }),
    // The page holds the token in its own memory no longer than it must.
    gcTime: 0,
    onSuccess: ({ value, told }) => {
      setToken(value);
      queries.setQueryData(tokenQuery.queryKey, told);
      void queries.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "token" });
      go(back, { replace: true });
    },
  });
  function submit(event: SyntheticEvent) {
    event.preventDefault();
    const value = tokenOf(pasted);
    const found = faultOf(value);
    setFault(found);
    if (found === undefined) check.mutate(value);
  }
  return (
    <>
      <Panel title="The operator's token">
        <form className={css["form"]} onSubmit={submit} method="post">
          <Field label="Token" hint="It stays in this tab until the tab is closed, and is sent in a header only." error={fault}>
            {(ids) => (
              <input
                {...ids}
                type="password"
                name="token"
                autoComplete="off"
                spellCheck={false}
                value={pasted}
                onChange={(event) => {
                  setPasted(event.target.value);
                  setFault(undefined);
                }}
              />
            )}
          </Field>
          {check.isError && <Refused error={check.error} />}
          <div className={css["ways"]}>
            <Button type="submit" look="primary" disabled={check.isPending}>
              {check.isPending ? "Checking…" : "Sign in"}
            </Button>
            <Link href={back}>Go back without</Link>
          </div>
        </form>
      </Panel>
      <Panel title="Where the token comes from">
        <ol className={css["how"]}>
          <li>Open a terminal on the machine that Groat runs on, in its folder.</li>
          <li>
            Run <code>.venv/bin/groat token</code>. It prints one line, good for an hour; <code>--hours 24</code> is the longest.
          </li>
          <li>Copy the whole line and paste it above.</li>
        </ol>
      </Panel>
    </>
  );
}

function Refused({ error }: { error: Error }) {
  return (
    <p role="alert">
      <strong>Not signed in.</strong> {error.message || "The API refused the token: `groat token` makes a new one."}
    </p>
  );
}

function Standing({ back }: { back: string }) {
  const told = useQuery(tokenQuery);
  const queries = useQueryClient();
  function signOut() {
    setToken(null);
    queries.removeQueries({ queryKey: tokenQuery.queryKey });
    void queries.invalidateQueries();
  }
  return (
    <Panel title="Your token">
      {told.isPending && <Skeleton lines={2} label="Asking whose token this is" />}
      {told.isError && <Problem error={told.error} />}
      {told.data && <Facts told={told.data} receivedAt={told.dataUpdatedAt} />}
      <p>&nbsp;</p>
      <div className={css["ways"]}>
        <Button onClick={signOut}>Sign out</Button>
        <Link href={back}>{back === "/" ? "Go to the market" : "Go back"}</Link>
      </div>
    </Panel>
  );
}

function Facts({ told, receivedAt }: { told: BearerToken; receivedAt: number }) {
  const [now, setNow] = useState(receivedAt);
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(Date.now());
    }, 1000);
    return () => {
      clearInterval(timer);
    };
  }, []);
  const left = secondsLeft(told, receivedAt, Math.max(now, receivedAt));
  return (
    <dl className={css["facts"]}>
      <dt>Whose</dt>
      <dd>{told.subject}</dd>
      <dt>Good until</dt>
      <dd>
        <When at={told.expires_at} zone="local" />
      </dd>
      <dt>Left</dt>
      <dd>{left > 0 ? duration(left) : "Nothing: it has expired. Sign out, and paste a new one."}</dd>
    </dl>
  );
}
