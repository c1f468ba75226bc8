import { useState, type SubmitEvent } from "react";
import { useLocation } from "wouter";
import { useOrder, type Order } from "../../api/queries/pipelines";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Field } from "../../ui/Field";
import { Problem } from "../../ui/Problem";
import css from "./OrderDialog.module.css";

export interface Wanted {
  readonly what: "start" | "backfill";
  readonly name: string;
}

interface OrderDialogProps {
  wanted: Wanted;
  /** Market time, epoch ms. */
  market: number;
  close: () => void;
}

/** Ask what to start, start it, and go to the run. */
export function OrderDialog({ wanted, market, close }: OrderDialogProps) {
  const order = useOrder();
  const [, go] = useLocation();
  const send = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    order.mutate(orderOf(wanted, new FormData(event.currentTarget)), {
      onSuccess: (run) => {
        if (run) go(`/pipelines/runs/${run.id}`);
      },
    });
  };
  const title = `${wanted.what === "backfill" ? "Backfill" : "Start"} ${wanted.name}`;
  return (
    <Dialog label={title} close={close}>
      <form onSubmit={send} className={css["form"]}>
        <h2>{title}</h2>
        {wanted.what === "backfill" ? <Span market={market} /> : <WindowName market={market} />}
        {order.error && <Problem error={order.error} />}
        <div className={css["ways"]}>
          <Button onClick={close}>Cancel</Button>
          <Button look="primary" type="submit" disabled={order.isPending}>
            {order.isPending ? "Starting" : "Start"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function orderOf(wanted: Wanted, form: FormData): Order {
  const text = (name: string) => {
    const value = form.get(name);
    return typeof value === "string" ? value : "";
  };
  if (wanted.what === "start") return { what: "start", name: wanted.name, window: text("window") };
  const span = { from: text("from"), until: text("until"), force: form.has("force") };
  return { what: "backfill", name: wanted.name, ...span };
}

const DAY = 86_400_000;

function dayOf(at: number): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone: "America/New_York" }).format(at);
}

function Span({ market }: { market: number }) {
  const [from, setFrom] = useState(() => dayOf(market - 7 * DAY));
  const [last] = useState(() => dayOf(market + DAY));
  return (
    <>
      <p>
        Asks again for trading dates of New York that have no answer yet. Every call keeps to the quota, so a long span
        takes its time.
      </p>
      <div className={css["pair"]}>
        <Field label="From">
          {(ids) => (
            <input
              {...ids}
              type="date"
              name="from"
              required
              min="1970-01-01"
              max={dayOf(market)}
              value={from}
              onChange={(event) => {
                setFrom(event.target.value);
              }}
            />
          )}
        </Field>
        <Field label="Until, not included" hint={`${last} at most: the market's tomorrow`}>
          {(ids) => <input {...ids} type="date" name="until" required min={from} max={last} defaultValue={last} />}
        </Field>
      </div>
      <label className={css["force"]}>
        <input type="checkbox" name="force" /> Ask again also for what was answered
      </label>
    </>
  );
}

function WindowName({ market }: { market: number }) {
  const [name] = useState(() => `by-hand:${new Date(market).toISOString().slice(0, 19)}Z`);
  return (
    <Field label="Window" hint="The name of this run. A window that was started before is shown, not started again.">
      {(ids) => <input {...ids} name="window" required maxLength={200} pattern="[ -~]+" defaultValue={name} />}
    </Field>
  );
}
