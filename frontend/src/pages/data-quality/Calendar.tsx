import { useId, useMemo, useRef, useState, type KeyboardEvent } from "react";
import type { SessionQuality } from "../../api/queries/quality";
import { inWords, monthsOf, stateOf, STATES, stepTo, type SessionState } from "./calendar";
import css from "./Calendar.module.css";

// 24 px from cell to cell is the smallest target that WCAG 2.2 allows.
const STEP = 24;
const CELL = 20;
const LEFT = 76;
const TOP = 18;
const DAYS = 31;

/** A year of sessions: a row a month, a column a day of the month; days without a session stay empty. */
export function Calendar({ sessions }: { sessions: readonly SessionQuality[] }) {
  const id = useId();
  const months = useMemo(() => monthsOf(sessions), [sessions]);
  const drawing = useRef<SVGSVGElement>(null);
  const [chosen, choose] = useState<string>();
  const current = chosen ?? sessions.at(-1)?.session;
  const told = sessions.find((each) => each.session === current);
  function move(event: KeyboardEvent) {
    const to = current && stepTo(months, current, event.key);
    if (!to) return;
    event.preventDefault();
    choose(to);
    drawing.current?.querySelector<SVGElement>(`[data-session="${to}"]`)?.focus();
  }
  return (
    <>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrolling region must be reachable by keyboard */}
      <div className={css["scroller"]} role="region" aria-label="Calendar of completeness" tabIndex={0}>
        <svg ref={drawing} width={LEFT + DAYS * STEP} height={TOP + months.length * STEP} role="group" aria-label="Sessions by month and day">
          <Patterns id={id} />
          {Array.from({ length: DAYS }, (_, day) => (
            <text key={day} className={css["day"]} x={LEFT + day * STEP + CELL / 2} y={12} textAnchor="middle">
              {day + 1}
            </text>
          ))}
          {months.map((month, row) => (
            <g key={month.key}>
              <text className={css["month"]} x={0} y={TOP + row * STEP + 14}>
                {month.title}
              </text>
              {month.sessions.map(({ day, session }) => {
                const x = LEFT + (day - 1) * STEP;
                const y = TOP + row * STEP;
                return (
                  <g key={session.session}>
                    <rect
                      {...paint(stateOf(session), id)}
                      x={x}
                      y={y}
                      width={CELL}
                      height={CELL}
                      rx={3}
                      role="button"
                      tabIndex={session.session === current ? 0 : -1}
                      aria-label={inWords(session)}
                      aria-pressed={session.session === chosen}
                      data-session={session.session}
                      data-state={stateOf(session)}
                      onKeyDown={move}
                      onFocus={() => {
                        choose(session.session);
                      }}
                      onClick={() => {
                        choose(session.session);
                      }}
                    />
                    {session.held + session.flagged > 0 && <circle className={css["mark"]} cx={x + CELL - 5} cy={y + 5} r={2.5} />}
                  </g>
                );
              })}
            </g>
          ))}
        </svg>
      </div>
      <p className={css["told"]} aria-live="polite">
        {told && inWords(told)}
      </p>
      <Legend />
    </>
  );
}

function paint(state: SessionState, id: string) {
  const className = `${css["cell"] ?? ""} ${css[state] ?? ""}`;
  if (state === "missing") return { className, fill: `url(#${id}-hatch)` };
  return state === "not_computed" ? { className, fill: `url(#${id}-dots)` } : { className };
}

function Patterns({ id }: { id: string }) {
  return (
    <defs>
      <pattern id={`${id}-hatch`} width={5} height={5} patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <line className={css["hatch"]} x1={0} y1={0} x2={0} y2={5} />
      </pattern>
      <pattern id={`${id}-dots`} width={5} height={5} patternUnits="userSpaceOnUse">
        <circle className={css["dots"]} cx={2.5} cy={2.5} r={1} />
      </pattern>
    </defs>
  );
}

function Legend() {
  const id = useId();
  return (
    <ul role="list" className={css["legend"]} aria-label="What the cells mean">
      {STATES.map(([state, word]) => (
        <li key={state}>
          <svg width={14} height={14} aria-hidden="true">
            <Patterns id={id} />
            <rect {...paint(state, id)} x={1} y={1} width={12} height={12} rx={2} />
          </svg>
          {word}
        </li>
      ))}
      <li>
        <svg width={14} height={14} aria-hidden="true">
          <circle className={css["mark"]} cx={7} cy={7} r={2.5} />
        </svg>
        Rows held back or in doubt
      </li>
    </ul>
  );
}
