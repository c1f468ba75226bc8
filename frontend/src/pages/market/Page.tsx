import { useQuery } from "@tanstack/react-query";
import { Link, useLocation, useSearch } from "wouter";
import { ApiProblem } from "../../api/problem";
import { marketQuery, type Market, type MarketDay, type Universe } from "../../api/queries/market";
import { tradingDay } from "../../format/times";
import { Empty } from "../../ui/Empty";
import { Panel } from "../../ui/Panel";
import { Problem } from "../../ui/Problem";
import { Skeleton } from "../../ui/Skeleton";
import { Breadth, Figures, Histogram } from "./Figures";
import { Fresh } from "./Fresh";
import { Movers } from "./Movers";
import css from "./Page.module.css";
import { addressOf, asked, UNIVERSES } from "./address";
import { Sectors } from "./Sectors";
import { longDay, storyOf } from "./story";
import { Strip } from "./Strip";

/** The market's day: what happened, in words first, then in figures, and the sessions around it. */
export default function MarketPage() {
  const { session, universe } = asked(useSearch());
  const [, navigate] = useLocation();
  const { data, error, isPending, isPlaceholderData, refetch } = useQuery(marketQuery(session, universe));
  return (
    <div className={css["page"]}>
      <header className={css["head"]}>
        <h1>{data?.day ? longDay(data.day.line.session) : "Market"}</h1>
        <Way market={data} session={session} universe={universe} />
        <label className={css["choice"]}>
          Shares{" "}
          <select
            value={universe}
            onChange={(event) => {
              navigate(addressOf(session, event.target.value as Universe));
            }}
          >
            {UNIVERSES.map(([key, title]) => (
              <option key={key} value={key}>
                {title}
              </option>
            ))}
          </select>
        </label>
      </header>
      {error !== null && (
        <>
          <Problem error={error} retry={() => void refetch()} />
          {error instanceof ApiProblem && error.status === 404 && <Link href={addressOf(null, "all")}>Show the latest session</Link>}
        </>
      )}
      {isPending && <Skeleton height={320} label="Loading the market's day" />}
      {data && error === null && <Told market={data} stale={isPlaceholderData} universe={universe} />}
    </div>
  );
}

/** The ways to the session before, after and the latest. */
function Way({ market, session, universe }: { market: Market | undefined; session: string | null; universe: Universe }) {
  if (!market?.day) return null;
  const { previous, following } = market.day;
  return (
    <nav aria-label="Sessions" className={css["way"]}>
      {previous && (
        <Link href={addressOf(previous, universe)} aria-label={`The session before, ${tradingDay(previous)}`}>
          ← {tradingDay(previous)}
        </Link>
      )}
      {following && (
        <Link href={addressOf(following, universe)} aria-label={`The session after, ${tradingDay(following)}`}>
          {tradingDay(following)} →
        </Link>
      )}
      {session === null ? <span className={css["quiet"]}>Follows the latest session</span> : <Link href={addressOf(null, universe)}>Latest</Link>}
    </nav>
  );
}

function Told({ market, stale, universe }: { market: Market; stale: boolean; universe: Universe }) {
  const { day, sessions, freshness } = market;
  if (!day) {
    return (
      <Panel title="No bars are stored yet" stale={stale}>
        <Empty title="The market is empty" action={<Link href="/pipelines">See what is being fetched</Link>}>
          The pipeline daily_bars stores session after session; this page fills with the first.
        </Empty>
        {freshness && <Fresh freshness={freshness} />}
      </Panel>
    );
  }
  return (
    <>
      <DayPanels day={day} market={market} stale={stale} />
      <Panel
        title="The sessions around it"
        note="Bar: median close. Line: median low of the day. Choose one to see that day."
        stale={stale}
      >
        <Strip sessions={sessions} chosen={day.line.session} hrefOf={(each) => addressOf(each, universe)} />
        <p className={css["quiet"]}>
          {sessions.length} sessions, from {tradingDay(sessions[0]?.session)} to {tradingDay(sessions.at(-1)?.session)}; scroll sideways
          where they do not fit, or use the arrow keys.
        </p>
      </Panel>
      <div className={css["pair"]}>
        <Panel title="Sectors" note={`${tradingDay(day.line.session)}, area: dollars traded, average change`} stale={stale}>
          <Sectors day={day} />
        </Panel>
        <Panel title="How far they moved" note="Shares by percent, close against the close before" stale={stale}>
          <Histogram day={day} />
        </Panel>
      </div>
      <Panel title="Movers" note={`${tradingDay(day.line.session)}, of shares that traded 1,000,000 USD or more`} stale={stale}>
        <Movers day={day} />
      </Panel>
    </>
  );
}

function DayPanels({ day, market, stale }: { day: MarketDay; market: Market; stale: boolean }) {
  const story = storyOf(day, market.sessions);
  return (
    <Panel title={story.title} stale={stale}>
      <div className={css["story"]}>
        <div className={css["words"]}>
          {story.sentences.map((sentence) => (
            <p key={sentence}>{sentence}</p>
          ))}
          <p className={css["quiet"]}>Made of stored bars: it says what happened, not why.</p>
        </div>
        <div className={css["figures"]}>
          <Breadth day={day} />
          <Figures day={day} />
        </div>
      </div>
      {market.freshness && <Fresh freshness={market.freshness} />}
    </Panel>
  );
}
