import type { MarketDay } from "../../api/queries/market";
import { number } from "../../format/numbers";
import { Empty } from "../../ui/Empty";
import { Treemap } from "../../ui/Treemap";
import css from "./Page.module.css";

/** Sectors by dollars traded, shaded by their average share; how many have no sector is said. */
export function Sectors({ day }: { day: MarketDay }) {
  const known = day.sectors.filter((each) => each.sector !== null);
  const without = day.sectors.find((each) => each.sector === null)?.compared ?? 0;
  if (known.length === 0) {
    return (
      <Empty title="No sector is known yet">
        Providers tell sectors with companies&rsquo; facts, a few companies a day: they appear here as they come in.
      </Empty>
    );
  }
  const items = known.map((each) => ({
    key: each.sector ?? "",
    name: `${each.sector ?? ""} (${number(each.compared)})`,
    weight: each.dollar_volume,
    change: each.mean_percent === null ? null : each.mean_percent / 100,
  }));
  return (
    <>
      <Treemap label="Sectors by dollars traded and average change" items={items} full={0.05} />
      {without > 0 && <p className={css["quiet"]}>The sector of {number(without)} more shares is not known yet; they are left out here.</p>}
    </>
  );
}
