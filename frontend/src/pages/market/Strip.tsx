import { useEffect, useRef, type KeyboardEvent } from "react";
import { Link } from "wouter";
import type { MarketSession } from "../../api/queries/market";
import { number, percent } from "../../format/numbers";
import { tradingDay } from "../../format/times";
import css from "./Strip.module.css";

interface StripProps {
  sessions: readonly MarketSession[];
  chosen: string;
  hrefOf: (session: string) => string;
}

/** Return a session in words. */
export function spoken(line: MarketSession): string {
  const day = tradingDay(line.session);
  if (line.compared === 0) return `${day}: nothing to compare with`;
  return (
    `${day}: median ${percent((line.median_percent ?? 0) / 100)}, at the lows ${percent((line.median_low_percent ?? 0) / 100)}; ` +
    `${number(line.decliners)} of ${number(line.compared)} fell`
  );
}

/** The sessions side by side: a bar to the median close, a whisker to the median low; each leads to its day. */
export function Strip({ sessions, chosen, hrefOf }: StripProps) {
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    const box = list.current?.querySelector<HTMLElement>("[aria-current=date]");
    const scroller = list.current?.parentElement;
    if (box && scroller) scroller.scrollLeft = box.offsetLeft - scroller.clientWidth / 2;
  }, [chosen, sessions]);
  const most = Math.max(1, ...sessions.flatMap((each) => [Math.abs(each.median_low_percent ?? 0), each.median_percent ?? 0]));
  const top = Math.max(0.5, ...sessions.map((each) => each.median_percent ?? 0));
  const whole = most + top;
  function move(event: KeyboardEvent) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined) return;
    const links = [...(list.current?.querySelectorAll<HTMLElement>("a") ?? [])];
    const at = links.indexOf(event.target as HTMLElement);
    event.preventDefault();
    links[at + step]?.focus();
  }
  const part = (value: number) => `${(Math.max(0, value) / whole) * 100}%`;
  return (
    <div className={css["scroller"]}>
      <ol className={css["strip"]} ref={list} role="list">
        {sessions.map((line) => {
          const close = line.median_percent ?? 0;
          const low = line.median_low_percent ?? 0;
          const is = line.session === chosen;
          return (
            <li key={line.session}>
              <Link
                href={hrefOf(line.session)}
                className={css["day"] ?? ""}
                title={spoken(line)}
                aria-label={spoken(line)}
                aria-current={is ? "date" : undefined}
                tabIndex={is ? 0 : -1}
                onKeyDown={move}
              >
                {line.compared === 0 ? (
                  <span className={css["unknown"]} />
                ) : (
                  <>
                    <span className={css["whisker"]} style={{ top: part(top), height: part(-low) }} />
                    <span
                      className={close >= 0 ? css["up"] : css["down"]}
                      style={{ top: part(top - Math.max(0, close)), height: part(Math.abs(close)) }}
                    />
                  </>
                )}
              </Link>
            </li>
          );
        })}
      </ol>
    </div>
  );
}
