import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import {
  actionsQuery, companyQuery, disagreementsQuery, earningsQuery, historyQuery, newsQuery,
} from "../../api/queries/instrument";
import type { components } from "../../api/schema";
import { number } from "../../format/numbers";
import { Empty } from "../../ui/Empty";
import { Problem } from "../../ui/Problem";
import { Skeleton } from "../../ui/Skeleton";
import { Tabs } from "../../ui/Tabs";
import { Day, When } from "../../ui/When";
import css from "./Page.module.css";
import { changeText, type Change } from "./stops";

interface Subject {
  symbol: string;
  asOf: string | null;
}

const TABS = [
  { key: "changes", title: "Revisions" },
  { key: "actions", title: "Splits and dividends" },
  { key: "news", title: "News" },
  { key: "profile", title: "Profile" },
  { key: "fundamentals", title: "Fundamentals" },
  { key: "earnings", title: "Earnings" },
  { key: "disagreements", title: "Disagreements" },
  { key: "names", title: "Names" },
] as const;
type Key = (typeof TABS)[number]["key"];

/** What is told of the instrument beside its bars; each part is asked for when it is opened. */
export function Panels({ symbol, asOf, changes }: Subject & { changes: readonly Change[] | undefined }) {
  const [open, setOpen] = useState<Key>("changes");
  return (
    <div className={css["about"]}>
    <Tabs label="About the instrument" tabs={TABS} chosen={open} choose={setOpen}>
      {open === "changes" && <Changes changes={changes} asOf={asOf} />}
      {open === "actions" && <Actions symbol={symbol} asOf={asOf} />}
      {open === "news" && <News symbol={symbol} asOf={asOf} />}
      {(open === "profile" || open === "fundamentals") && <Company key={open} symbol={symbol} asOf={asOf} part={open} />}
      {open === "earnings" && <Earnings symbol={symbol} asOf={asOf} />}
      {open === "disagreements" && <Disagreements symbol={symbol} asOf={asOf} />}
      {open === "names" && <Names symbol={symbol} />}
    </Tabs>
    </div>
  );
}

interface FoundProps<T> {
  found: UseQueryResult<T>;
  items: (data: T) => readonly { key: string | number; text: ReactNode }[];
  empty: string;
  why: string;
}

/** A list that is loading, failed, empty with its reason, or there. */
function Found<T>({ found, items, empty, why }: FoundProps<T>) {
  if (found.error) return <Problem error={found.error} retry={() => void found.refetch()} />;
  if (found.data === undefined) return <Skeleton lines={4} />;
  const rows = items(found.data);
  if (rows.length === 0) return <Empty title={empty}>{why}</Empty>;
  return <ul role="list" className={css["list"]}>{rows.map((row) => <li key={row.key}>{row.text}</li>)}</ul>;
}

function Source({ provider, known_at }: { provider: string; known_at: string }) {
  return <span className={css["quiet"]}>{provider}, known since <When at={known_at} /></span>;
}

function Changes({ changes, asOf }: { changes: readonly Change[] | undefined; asOf: string | null }) {
  if (changes === undefined) return <Skeleton lines={4} />;
  if (changes.length === 0) return <Empty title="No revisions">Nothing that was told of it was corrected, came late or was added yet.</Empty>;
  return (
    <ul role="list" className={css["list"]}>
      {changes.map((each) => (
        <li key={`${each.on} ${each.kind}`}>
          <strong><Day day={each.on} /></strong> {changeText(each)}{" "}
          <span className={css["quiet"]}>
            {each.subjects.join(", ")}{each.count > each.subjects.length && <> and {each.count - each.subjects.length} more, the earliest {each.earliest}</>}
            {asOf !== null && each.on > asOf.slice(0, 10) && " (not known yet on the day shown)"}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Actions({ symbol, asOf }: Subject) {
  const found = useQuery(actionsQuery(symbol, asOf));
  return (
    <Found
      found={found}
      empty="No splits or dividends known"
      why="None of the providers told one as of this day. The pipeline that fetches corporate actions brings them."
      items={(data) => data.items.map((each) => ({
        key: each.id,
        text: <><strong><Day day={each.ex_date} /></strong> {actionText(each)} <Source {...each} /></>,
      }))}
    />
  );
}

/** Say what an action does: Split 7 for 1. */
export function actionText(action: components["schemas"]["Action"]): string {
  if (action.kind === "split") return `Split ${action.split_to ?? "?"} for ${action.split_from ?? "?"}`;
  return `Dividend ${action.cash_amount ?? "?"} ${action.currency ?? ""} a share`;
}

/** An address that a link may lead to: what providers tell is not trusted to be one. */
function web(url: string): string | undefined {
  return /^https?:\/\//i.test(url) ? url : undefined;
}

function News({ symbol, asOf }: Subject) {
  const found = useQuery(newsQuery(symbol, asOf));
  return (
    <Found
      found={found}
      empty="No news known"
      why="No provider told an article about it as of this day. The news pipeline asks for the latest."
      items={(data) => data.items.map((each) => ({
        key: each.id,
        text: <>
          <a href={web(each.url)} rel="noreferrer">{each.title}</a>{" "}
          <span className={css["quiet"]}>{each.source ?? each.provider}, <When at={each.published_at} />; </span>
          <Source {...each} />
        </>,
      }))}
    />
  );
}

function Company({ symbol, asOf, part }: Subject & { part: "profile" | "fundamentals" }) {
  const found = useQuery(companyQuery(symbol, part, asOf));
  if (found.error) return <Problem error={found.error} retry={() => void found.refetch()} />;
  if (found.data === undefined) return <Skeleton lines={6} />;
  if (found.data.facts.length === 0) {
    return <Empty title={`No ${part} known`}>No provider told it as of this day: either it was not asked yet (Quotas shows the plan), or it has nothing.</Empty>;
  }
  return (
    <dl className={css["facts"]}>
      {found.data.facts.map((fact) => (
        <div key={fact.name}>
          <dt>{fact.title}</dt>
          <dd>
            {typeof fact.value === "number" ? number(fact.value, { decimals: Number.isInteger(fact.value) ? 0 : 2 }) : fact.value}{" "}
            {fact.unit !== "text" && fact.unit !== "date" && fact.unit.replaceAll("_", " ")}
          </dd>
          <dd><Source {...fact} /></dd>
        </div>
      ))}
    </dl>
  );
}

function Earnings({ symbol, asOf }: Subject) {
  const found = useQuery(earningsQuery(symbol, asOf));
  return (
    <Found
      found={found}
      empty="No earnings reports known"
      why="No provider told one as of this day. The earnings pipeline asks for past and coming reports."
      items={(data) => data.items.map((each) => ({
        key: each.id,
        text: <>
          <strong><Day day={each.report_date} /></strong> quarter {each.fiscal_quarter} of {each.fiscal_year}: per share{" "}
          {each.eps_actual === null ? "not reported yet" : number(each.eps_actual, { decimals: 2 })}, expected{" "}
          {each.eps_estimate === null ? "not told" : number(each.eps_estimate, { decimals: 2 })} <Source {...each} />
        </>,
      }))}
    />
  );
}

function Disagreements({ symbol, asOf }: Subject) {
  const bars = useQuery(disagreementsQuery(symbol, "bars", asOf));
  const facts = useQuery(disagreementsQuery(symbol, "fundamentals", asOf));
  return (
    <>
      {[{ of: "bars", found: bars }, { of: "fundamentals", found: facts }].map(({ of, found }) => (
        <Found
          key={of}
          found={found}
          empty={`Providers agree on ${of}`}
          why="None differ by more than the tolerance as of this day, or only one provider told them."
          items={(data) => data.items.map((each) => ({
            key: each.subject,
            text: <><strong>{each.subject}</strong> differs by {number(each.difference * 100, { decimals: 2 })} % (tolerance{" "}
              {number(each.tolerance * 100, { decimals: 2 })} %): {each.opinions.map((one) => `${one.provider} ${one.value}`).join(", ")}</>,
          }))}
        />
      ))}
    </>
  );
}

function Names({ symbol }: { symbol: string }) {
  const found = useQuery(historyQuery(symbol));
  return (
    <Found
      found={found}
      empty="No names known"
      why="The list of tickers was not fetched yet."
      items={(data) => data.story.symbols.map((each, at) => ({
        key: at,
        text: <><strong>{each.symbol}</strong> from <Day day={each.valid_from} why="an unknown day" /> to before{" "}
          <Day day={each.valid_to} why="now, or an unknown day" /> <Source {...each} /></>,
      }))}
    />
  );
}
