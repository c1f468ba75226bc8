import { useQuery } from "@tanstack/react-query";
import { useState, type SubmitEvent } from "react";
import type { Clocks } from "../../api/queries/clocks";
import { simulationQuery, type Forecast, type Scenario } from "../../api/queries/providers";
import { number } from "../../format/numbers";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { Panel } from "../../ui/Panel";
import { Problem } from "../../ui/Problem";
import css from "./Page.module.css";
import { dayAndTime, inWords, waitInWords } from "./words";

/** What it would be with more symbols: the planner on virtual time. Nothing is asked, nothing is stored. */
export function Simulator({ clocks }: { clocks: Clocks | null }) {
  const [scenario, setScenario] = useState<Scenario | null>(null);
  const found = useQuery(simulationQuery(scenario));
  const run = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setScenario({
      symbols: Number(form.get("symbols")),
      tier: form.get("tier") as Scenario["tier"],
      days: Number(form.get("days")),
    });
  };
  return (
    <Panel title="What if" note="a simulation: nothing is asked, nothing is stored">
      <form onSubmit={run} className={css["form"]}>
        <Field label="Symbols to add">
          {(ids) => <input {...ids} type="number" name="symbols" min={0} max={5_000} required defaultValue={300} />}
        </Field>
        <Field label="Followed like">
          {(ids) => (
            <select {...ids} name="tier" defaultValue="watchlist">
              <option value="watchlist">the watchlist</option>
              <option value="index">the index</option>
              <option value="other">other instruments</option>
            </select>
          )}
        </Field>
        <Field label="Look ahead, days">
          {(ids) => <input {...ids} type="number" name="days" min={1} max={7} required defaultValue={7} />}
        </Field>
        <Button look="primary" type="submit" disabled={found.isFetching}>
          {found.isFetching ? "Simulating" : "Simulate"}
        </Button>
      </form>
      <div aria-live="polite">
        {found.isFetching && <p className={css["quiet"]}>The planner runs on virtual time: this takes some seconds.</p>}
        {found.error && <Problem error={found.error} retry={() => void found.refetch()} />}
        {found.data && scenario && <Result forecast={found.data} scenario={scenario} clocks={clocks} />}
      </div>
    </Panel>
  );
}

function Result({ forecast, scenario, clocks }: { forecast: Forecast; scenario: Scenario; clocks: Clocks | null }) {
  const { simulated } = forecast;
  const wait = (at: string) => (clocks ? waitInWords(at, clocks) : "");
  const calls = Object.entries(simulated.calls).map(([name, count]) => `${inWords(name)} ${number(count)}`);
  return (
    <div className={css["result"]}>
      <p className={css["finish"]}>{headline(forecast, scenario)}</p>
      {simulated.finished !== null && <p>{wait(simulated.finished)}</p>}
      {simulated.filled.length > 0 && (
        <table className={css["plain"]}>
          <caption className="unseen">When each dataset is complete</caption>
          <thead>
            <tr>
              <th scope="col">Dataset</th>
              <th scope="col">All had first answers</th>
              <th scope="col">Not yet</th>
            </tr>
          </thead>
          <tbody>
            {simulated.filled.map((each) => (
              <tr key={each.dataset}>
                <th scope="row">{inWords(each.dataset)}</th>
                <td>{each.at === null ? `not within ${scenario.days} days` : `${dayAndTime(each.at)}, ${wait(each.at)}`}</td>
                <td>{number(each.left)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p className={css["quiet"]}>
        Calls until {dayAndTime(simulated.ended_at)}: {calls.join(", ") || "none"}.
      </p>
    </div>
  );
}

function headline({ simulated }: Forecast, scenario: Scenario): string {
  const added = `Adding ${number(scenario.symbols)} symbols`;
  if (simulated.finished !== null) return `${added} finishes ${dayAndTime(simulated.finished)}`;
  if (scenario.symbols === 0) return `Nothing added: seen until ${dayAndTime(simulated.ended_at)}`;
  if (simulated.filled.length === 0) return `${added} asks for nothing: no provider here has what is wanted of them`;
  return `${added} does not finish within ${scenario.days} days`;
}
