import type { Clocks } from "../../api/queries/clocks";
import type { Plan, Provider } from "../../api/queries/providers";
import { percent } from "../../format/numbers";
import { duration, instant } from "../../format/times";
import { Badge } from "../../ui/Badge";
import { Panel } from "../../ui/Panel";
import { Day, When } from "../../ui/When";
import css from "./Page.module.css";
import { nextCallAt, shareOf, spanInWords, standingAt, type QuotaWindow } from "./windows";
import { inWords, waitInWords } from "./words";

interface ProviderCardProps {
  provider: Provider;
  load: Plan["loads"][number] | undefined;
  clocks: Clocks;
}

/** A provider: its windows as they tick, when the next call may go, and what it can be asked for. */
export function ProviderCard({ provider, load, clocks }: ProviderCardProps) {
  const next = nextCallAt(provider, clocks.market);
  return (
    <Panel title={inWords(provider.name)} actions={<Standing provider={provider} clocks={clocks} next={next} />}>
      <p className={css["next"]}>
        {next === null ? "A call may go now." : `Next call ${instant(next, "exchange", "second")}, ${waitInWords(next, clocks)}.`}
      </p>
      {provider.windows.map((window) => (
        <Meter key={`${window.span_s} ${window.only ?? ""}`} window={window} clocks={clocks} />
      ))}
      {provider.blocked_why !== null && <p className={css["warning"]}>It asked us to stay away: {provider.blocked_why}</p>}
      {provider.breaker.reason !== null && (
        <p className={css["warning"]}>
          {provider.breaker.state === "open"
            ? `Left alone for ${duration(Math.ceil(provider.breaker.wait_s))} when last asked: `
            : "One call may try: "}
          {provider.breaker.reason}
        </p>
      )}
      {provider.warning !== null && <p className={css["warning"]}>{provider.warning}</p>}
      <p className={css["quiet"]}>
        Last 24 h of market time: {outcomesInWords(provider.calls_last_day)}.
        {load && ` The plan wants ${percent(load.share, 1, false)} of what its windows allow in a day.`}
      </p>
      <details className={css["abilities"]}>
        <summary>What it can be asked for: {provider.abilities.length} {provider.abilities.length === 1 ? "dataset" : "datasets"}</summary>
        <ul role="list">
          {provider.abilities.map((ability) => (
            <Ability key={ability.dataset} ability={ability} />
          ))}
        </ul>
      </details>
    </Panel>
  );
}

function outcomesInWords(calls: Record<string, number>): string {
  const told = Object.entries(calls).map(([outcome, count]) => `${count.toLocaleString()} ${inWords(outcome)}`);
  return told.join(", ") || "no calls";
}

function Standing({ provider, clocks, next }: { provider: Provider; clocks: Clocks; next: number | null }) {
  const isBlocked = provider.blocked_until !== null && Date.parse(provider.blocked_until) > clocks.market;
  if (isBlocked) return <Badge tone="bad">blocked</Badge>;
  if (provider.breaker.state === "open") return <Badge tone="bad">breaker open</Badge>;
  if (provider.breaker.state === "half_open") return <Badge tone="warn">breaker half open</Badge>;
  return next === null ? <Badge tone="good">ready</Badge> : <Badge tone="warn">waits for a slot</Badge>;
}

function Meter({ window, clocks }: { window: QuotaWindow; clocks: Clocks }) {
  const standing = standingAt(window, clocks.market);
  const span = spanInWords(window.span_s);
  const whose = window.only ? ` for ${window.only} calls` : "";
  const label = `${standing.used} of ${standing.limit} calls in any ${span}${whose}`;
  return (
    <div className={css["meter"]}>
      <div className={css["meterWords"]}>
        <span>
          <b>{standing.used}</b> of {standing.limit} <span className={css["quiet"]}>calls in any {span}{whose}</span>
        </span>
        <span className={css["quiet"]}>{slotInWords(standing, clocks)}</span>
      </div>
      <div
        role="meter"
        className={css["bar"]}
        aria-label={`Calls in any ${span}${whose}`}
        aria-valuemin={0}
        aria-valuemax={standing.limit}
        aria-valuenow={Math.min(standing.used, standing.limit)}
        aria-valuetext={label}
        data-full={standing.freeAt !== null}
      >
        <i style={{ width: `${shareOf(standing) * 100}%` }} />
      </div>
    </div>
  );
}

function slotInWords(standing: ReturnType<typeof standingAt>, clocks: Clocks): string {
  if (standing.freeAt !== null) return `next slot ${waitInWords(standing.freeAt, clocks)}`;
  if (standing.emptyAt !== null) return `empty ${waitInWords(standing.emptyAt, clocks)}`;
  return "all free";
}

function Ability({ ability }: { ability: Provider["abilities"][number] }) {
  const { refusal } = ability;
  return (
    <li>
      <b>{inWords(ability.dataset)}</b>{" "}
      <span className={css["quiet"]}>
        {ability.rank === 1 ? "asked first" : `asked as number ${ability.rank}`},{" "}
        {ability.companies === 0 ? "the whole market in a call" : `${ability.companies} ${ability.companies === 1 ? "company" : "companies"} a call`}
        {ability.calls > 1 && `, counts for ${ability.calls} calls`},{" "}
        {ability.history_days === null ? "all history" : `${ability.history_days} days back`}
        {ability.since !== null && (
          <>
            {" "}
            from <Day day={ability.since} />
          </>
        )}
        {ability.embargo_s > 0 && `, ${duration(ability.embargo_s)} old at least`}
      </span>
      {refusal !== null && (
        <p className={css["warning"]}>
          Refused to this key: {refusal.reason}
          {refusal.through !== null && (
            <>
              {" "}
              (dates through <Day day={refusal.through} />)
            </>
          )}
          . Asked again <When at={refusal.ask_again} />.
        </p>
      )}
    </li>
  );
}
