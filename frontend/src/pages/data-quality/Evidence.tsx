import { useQuery } from "@tanstack/react-query";
import { heldRowQuery, neighboursQuery, secondSourceQuery, type HeldRow } from "../../api/queries/quality";
import { number } from "../../format/numbers";
import { tradingDay } from "../../format/times";
import { Button } from "../../ui/Button";
import { Panel } from "../../ui/Panel";
import { Problem } from "../../ui/Problem";
import { Skeleton } from "../../ui/Skeleton";
import { Decide } from "./Decide";
import { FIELDS, linesAround, rangeAround, rowLine, type Line } from "./neighbours";
import css from "./Page.module.css";
import { ruleInWords, titleOf } from "./words";

interface EvidenceProps {
  id: number;
  close: () => void;
  decided: (row: HeldRow) => void;
}

/** One held row: the rules that it broke, its values among its neighbours, a second source's word, and the decision. */
export function Evidence({ id, close, decided }: EvidenceProps) {
  const held = useQuery(heldRowQuery(id));
  const row = held.data;
  return (
    <Panel title={row ? `${row.symbol}, ${tradingDay(row.session)}` : `Row ${id}`} note={row && titleOf(row.dataset)} actions={<Button onClick={close}>Close</Button>}>
      {held.isPending && <Skeleton lines={8} label="Reading the evidence" />}
      {held.isError && <Problem error={held.error} retry={() => void held.refetch()} />}
      {row && (
        <div className={css["stack"]}>
          <ul role="list">
            {Object.entries(row.evidence).map(([rule, said]) => (
              <li key={rule}>
                <strong>{ruleInWords(rule)}</strong>: {String(said)}
              </li>
            ))}
          </ul>
          {row.session ? <Around row={row} session={row.session} /> : <Values lines={[rowLine(row)]} />}
          <p className={css["quiet"]}>
            Told by {row.provider} in fetch {row.fetch_id}; row {row.id}.
          </p>
          <Decide row={row} decided={decided} />
        </div>
      )}
    </Panel>
  );
}

function Around({ row, session }: { row: HeldRow; session: string }) {
  const range = rangeAround(session);
  const bars = useQuery({ ...neighboursQuery(row.symbol, range.from, range.until), retry: false });
  const second = useQuery({ ...secondSourceQuery(row.symbol, session), retry: false });
  const told = second.data?.items ?? [];
  return (
    <>
      <h3>Among its neighbours</h3>
      {bars.isPending && <Skeleton lines={5} label="Reading the bars around it" />}
      {!bars.isPending && <Values lines={linesAround(row, session, bars.data, told)} />}
      {bars.isError && <p className={css["quiet"]}>No stored bars around it: {bars.error.message}</p>}
      {second.isSuccess && told.length === 0 && <p className={css["quiet"]}>No second source was asked about this session: nobody confirms it.</p>}
      {second.isError && <p className={css["quiet"]}>No second source: {second.error.message}</p>}
    </>
  );
}

function Values({ lines }: { lines: readonly Line[] }) {
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrolling region must be reachable by keyboard
    <div className={css["scroller"]} role="region" aria-label="Values" tabIndex={0}>
      <table className={css["values"]}>
        <thead>
          <tr>
            <th scope="col">Session</th>
            {FIELDS.map((field) => (
              <th key={field} scope="col">
                {field} {field === "volume" ? "(shares)" : "($)"}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.key} data-row={line.kind}>
              <th scope="row">{line.title}</th>
              {FIELDS.map((field) => {
                const value = line.values[field];
                return <td key={field}>{typeof value === "number" ? number(value, { decimals: field === "volume" ? 0 : 2 }) : (value ?? "not told")}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
