import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { findingsQuery, type Health } from "../../api/queries/health";
import { qualityQuery } from "../../api/queries/quality";
import { useClocks } from "../../api/queries/clocks";
import { systemQuery } from "../../api/queries/system";
import { duration, instant } from "../../format/times";
import { Badge } from "../../ui/Badge";
import { Empty } from "../../ui/Empty";
import { Panel } from "../../ui/Panel";
import { Problem } from "../../ui/Problem";
import { Skeleton } from "../../ui/Skeleton";
import { Day, When } from "../../ui/When";
import { titleOf } from "../data-quality/words";
import { inOrder, partOf, seenSince, speedInWords, summaryOf, toneOf, wordOf, type Finding } from "./advice";
import css from "./Page.module.css";

const LINKS = [
  ["/api/docs", "API documentation", "Every operation, with examples."],
  ["/api/openapi.json", "OpenAPI description", "The same for programs, OpenAPI 3.1."],
  ["/metrics", "Metrics", "For Prometheus, in its text format."],
] as const;

/** How every part stands, what runs, and where to look further. */
export default function Page() {
  const health = useQuery(findingsQuery);
  return (
    <div className={css["page"]}>
      <h1>System</h1>
      <Panel title="Health" flush stale={health.isFetching && health.isPlaceholderData} note="Asked of each part at once, within a second">
        {health.isPending && <Skeleton lines={6} label="Asking how each part stands" />}
        {health.isError && <Unreached error={health.error} retry={() => void health.refetch()} />}
        {health.data && <Parts health={health.data} at={health.dataUpdatedAt} />}
      </Panel>
      <div className={css["pair"]}>
        <Running />
        <Served />
        <Panel title="Look further">
          <ul role="list" className={css["links"]}>
            {LINKS.map(([href, title, said]) => (
              <li key={href}>
                <a href={href}>{title}</a> <span className={css["quiet"]}>{said}</span>
              </li>
            ))}
          </ul>
        </Panel>
      </div>
    </div>
  );
}

function Unreached({ error, retry }: { error: Error; retry: () => void }) {
  return (
    <>
      <Problem error={error} retry={retry} />
      <Empty title="What to do">
        On the machine that Groat runs on: <code>groat doctor</code> says what is wrong, <code>ops/logs.sh api</code> shows the
        API&rsquo;s log, <code>ops/start.sh</code> starts what is not running. This page asks again every 5 s.
      </Empty>
    </>
  );
}

type Seen = ReadonlyMap<string, { state: string; at: number }>;

function Parts({ health, at }: { health: Health; at: number }) {
  const [seen, setSeen] = useState<{ at: number; map: Seen }>({ at: 0, map: new Map() });
  // State that follows from a prop is set while rendering, as React advises: an effect would draw twice.
  if (seen.at !== at) setSeen({ at, map: seenSince(seen.map, health.checks, at) });
  const summary = summaryOf(health);
  const parts = inOrder(health.checks);
  return (
    <>
      <p className={`${css["summary"]} ${css["part"]}`}>
        <Badge tone={summary.tone}>{health.status}</Badge>
        <span>{summary.text}</span>
        <span className={css["quiet"]}>Asked {instant(at, "local", "second")}</span>
      </p>
      {parts.length === 0 && (
        <Empty title="The findings are the operator's in production" action={<Link href="/sign-in?back=%2Fsystem">Sign in</Link>}>
          Strangers are told the status alone.
        </Empty>
      )}
      <ul role="list" className={css["parts"]}>
        {parts.map(([name, finding]) => (
          <Part key={name} name={name} finding={finding} since={seen.map.get(name)?.at} />
        ))}
      </ul>
    </>
  );
}

function Part({ name, finding, since }: { name: string; finding: Finding; since: number | undefined }) {
  const part = partOf(name);
  const well = finding.state === "up" || finding.state === "off";
  const signs = [
    finding.latency_ms != null ? `answered in ${finding.latency_ms.toFixed(1)} ms` : "",
    finding.age_s != null ? `last seen ${duration(finding.age_s)} ago` : "",
  ].filter(Boolean);
  return (
    <li className={css["part"]} data-part={name}>
      <strong>{part.title}</strong>
      <span>
        <Badge tone={toneOf(finding.state)}>{wordOf(finding.state)}</Badge>
      </span>
      <span className={css["wide"]}>
        {part.does} <span className={css["quiet"]}>{signs.join(", ")}</span>
      </span>
      <span className={css["quiet"]}>{since === undefined ? "" : `Seen so since ${instant(since, "local")}`}</span>
      {!well && (
        <div className={css["remedy"]}>
          <p>
            {finding.detail ?? "No reason was given."} {part.without}
          </p>
          <p>
            <strong>What to do:</strong> {part.remedy}
          </p>
        </div>
      )}
    </li>
  );
}

function Running() {
  const system = useQuery(systemQuery);
  const clocks = useClocks();
  const told = system.data;
  return (
    <Panel title="What runs here">
      {system.isPending && <Skeleton lines={5} label="Asking what runs" />}
      {system.isError && <Problem error={system.error} retry={() => void system.refetch()} />}
      {told && clocks && (
        <dl className={css["facts"]}>
          <dt>Version</dt>
          <dd>Groat {told.version}</dd>
          <dt>Environment</dt>
          <dd>{told.environment}</dd>
          <dt>Clock</dt>
          <dd>{clocks.isReplay ? "replay market" : "wall clock"}</dd>
          <dt>Market time</dt>
          <dd>{instant(clocks.market, "exchange", clocks.speed > 60 ? "minute" : "second")}</dd>
          <dt>Speed</dt>
          <dd>{speedInWords(told.market_speed)}</dd>
          <dt>Machine time</dt>
          <dd>{instant(clocks.machine, "utc", "second")}</dd>
        </dl>
      )}
    </Panel>
  );
}

function Served() {
  const quality = useQuery(qualityQuery);
  return (
    <Panel title="What is served" note={<Link href="/data-quality">How good it is</Link>}>
      {quality.isPending && <Skeleton lines={5} label="Asking what is stored" />}
      {quality.isError && <Problem error={quality.error} retry={() => void quality.refetch()} />}
      {quality.data && (
        <dl className={css["facts"]}>
          {quality.data.items.map((each) => (
            <Dataset key={each.dataset} title={titleOf(each.dataset)} newest={each.newest ?? null} known={each.known_at ?? null} />
          ))}
        </dl>
      )}
    </Panel>
  );
}

function Dataset({ title, newest, known }: { title: string; newest: string | null; known: string | null }) {
  return (
    <>
      <dt>{title}</dt>
      <dd>
        {newest === null && known === null && <span className={css["quiet"]}>no answer yet</span>}
        {newest === null && known !== null && <When at={known} />}
        {newest !== null && (
          <>
            up to <Day day={newest} />
          </>
        )}
      </dd>
    </>
  );
}
