import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, useSyncExternalStore } from "react";
import { Link } from "wouter";
import { decide, type HeldRow } from "../../api/queries/quality";
import { onToken, token } from "../../api/token";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { Problem } from "../../ui/Problem";
import { When } from "../../ui/When";
import css from "./Page.module.css";

const LONGEST = 500;

/** Release or reject a held row, with a reason, in the operator's name. */
export function Decide({ row, decided }: { row: HeldRow; decided: (row: HeldRow) => void }) {
  const signedIn = useSyncExternalStore(onToken, token) !== null;
  const [reason, setReason] = useState("");
  const [fault, setFault] = useState<string>();
  const queries = useQueryClient();
  const verdict = useMutation({
    mutationFn: (which: "release" | "reject") => decide(row.id, which, reason.trim()),
    onSuccess: (after) => {
      for (const key of ["quarantine", "quality", "bars"]) void queries.invalidateQueries({ queryKey: [key] });
      decided(after);
    },
  });
  if (row.state !== "held") return <Decided row={row} />;
  if (!signedIn) {
    const back = encodeURIComponent(location.pathname + location.search);
    return (
      <p className={css["ways"]}>
        <Link href={`/sign-in?back=${back}`}>Sign in to decide</Link>
        <span className={css["quiet"]}>Releasing and rejecting need the operator&rsquo;s token.</span>
      </p>
    );
  }
  function go(which: "release" | "reject") {
    if (reason.trim() === "") setFault("Say why: the reason is kept with the row.");
    else verdict.mutate(which);
  }
  return (
    <div className={css["stack"]}>
      <Field label="Reason" hint="Kept with the row, beside your name." error={fault}>
        {(ids) => <input {...ids} value={reason} maxLength={LONGEST} onChange={(event) => { setReason(event.target.value); setFault(undefined); }} />}
      </Field>
      {verdict.isError && <Problem error={verdict.error} />}
      <div className={css["ways"]}>
        <Button look="primary" disabled={verdict.isPending} onClick={() => { go("release"); }}>Release: store it as it is</Button>
        <Button look="danger" disabled={verdict.isPending} onClick={() => { go("reject"); }}>Reject: it is wrong</Button>
      </div>
      <p className={css["quiet"]}>A release is served at once and is not taken back here.</p>
    </div>
  );
}

function Decided({ row }: { row: HeldRow }) {
  return (
    <p>
      {row.state === "released" ? "Released" : "Rejected"} by {row.decided_by ?? "somebody unknown"}, <When at={row.decided_at ?? null} />: {row.reason ?? "no reason is kept"}
    </p>
  );
}
