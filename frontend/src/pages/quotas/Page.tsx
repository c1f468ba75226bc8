import { useQuery } from "@tanstack/react-query";
import { useClocks } from "../../api/queries/clocks";
import { planQuery, providersQuery } from "../../api/queries/providers";
import { duration, instant } from "../../format/times";
import { Empty } from "../../ui/Empty";
import { Problem } from "../../ui/Problem";
import { Skeleton } from "../../ui/Skeleton";
import { CallsPanel } from "./CallsPanel";
import css from "./Page.module.css";
import { PlanPanel } from "./PlanPanel";
import { ProviderCard } from "./ProviderCard";
import { Simulator } from "./Simulator";

/** The quotas: what each provider still allows, what is asked next and why, and what more would take. */
export default function Page() {
  const clocks = useClocks(250);
  const providers = useQuery(providersQuery);
  const plan = useQuery(planQuery);
  const items = providers.data?.items;
  return (
    <div className={css["page"]}>
      <header>
        <h1>Quotas</h1>
        {clocks && (
          <p className={css["quiet"]}>
            Market time {instant(clocks.market, "exchange", "second")}
            {clocks.speed > 1 && `: it runs ${clocks.speed.toLocaleString()} times as fast as this machine, an hour in ${duration(3_600 / clocks.speed)}`}
          </p>
        )}
      </header>
      {providers.error && <Problem error={providers.error} retry={() => void providers.refetch()} />}
      {providers.isPending && <Skeleton lines={8} label="Loading the quotas" />}
      {items?.length === 0 && (
        <Empty title="No provider has a key">
          Set <code>POLYGON_API_KEY</code>, <code>FINNHUB_API_KEY</code>, <code>ALPHA_VANTAGE_API_KEY</code> or{" "}
          <code>NEWS_API_KEY</code>, and start again. The replay market takes any key.
        </Empty>
      )}
      {items && clocks && (
        <div className={css["cards"]}>
          {items.map((provider) => (
            <ProviderCard
              key={provider.name}
              provider={provider}
              load={plan.data?.loads.find((load) => load.provider === provider.name)}
              clocks={clocks}
            />
          ))}
        </div>
      )}
      <PlanPanel clocks={clocks} />
      <Simulator clocks={clocks} />
      {items && items.length > 0 && <CallsPanel names={items.map((provider) => provider.name)} />}
    </div>
  );
}
