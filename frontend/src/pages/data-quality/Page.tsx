import { useSearchParams } from "wouter";
import { Tabs } from "../../ui/Tabs";
import { Disagreements } from "./Disagreements";
import { Flags } from "./Flags";
import { Overview } from "./Overview";
import css from "./Page.module.css";
import { Quarantine } from "./Quarantine";

const TABS = [
  { key: "overview", title: "Fresh and complete" },
  { key: "quarantine", title: "Quarantine" },
  { key: "flags", title: "Flags" },
  { key: "disagreements", title: "Disagreements" },
] as const;

/** How far the data can be trusted, and what an operator can do about it. */
export default function Page() {
  const [search, setSearch] = useSearchParams();
  const chosen = TABS.find((tab) => tab.key === search.get("tab"))?.key ?? "overview";
  return (
    <div className={css["page"]}>
      <h1>Data quality</h1>
      <Tabs
        label="What of the data"
        tabs={TABS}
        chosen={chosen}
        choose={(tab) => {
          setSearch(tab === "overview" ? {} : { tab });
        }}
      >
        {chosen === "overview" && <Overview />}
        {chosen === "quarantine" && <Quarantine />}
        {chosen === "flags" && <Flags />}
        {chosen === "disagreements" && <Disagreements />}
      </Tabs>
    </div>
  );
}
