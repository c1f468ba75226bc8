import { useQuery } from "@tanstack/react-query";
import { useId, useState, type KeyboardEvent } from "react";
import { useLocation } from "wouter";
import { searchQuery } from "../api/queries/search";
import { setToken, token } from "../api/token";
import { GROUPS, PAGES } from "../routes";
import { Dialog } from "../ui/Dialog";
import { find } from "./fuzzy";
import css from "./Palette.module.css";
import { nextTheme, setTheme, theme } from "./theme";

interface Choice {
  key: string;
  title: string;
  kind: string;
  run: () => void;
}

function choices(go: (path: string) => void): Choice[] {
  const pages = PAGES.filter((page) => !page.path.includes(":")).map((page) => ({
    key: page.key,
    title: page.title,
    kind: page.group ? GROUPS[page.group] : "Page",
    run: () => {
      go(page.path);
    },
  }));
  const next = nextTheme(theme());
  const actions: Choice[] = [{ key: "theme", title: `Theme: ${next}`, kind: "Action", run: () => { setTheme(next); } }];
  if (token()) actions.push({ key: "sign-out", title: "Sign out", kind: "Action", run: () => { setToken(null); } });
  return [...pages, ...actions];
}

/** Finds pages and actions by their letters, and symbols through the API. */
export default function Palette({ close }: { close: () => void }) {
  const id = useId();
  const [, go] = useLocation();
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const asked = useQuery(searchQuery(typed));
  const symbols = (typed.trim() ? (asked.data?.items ?? []) : []).map(
    (hit): Choice => ({
      key: `symbol-${hit.id}`,
      title: `${hit.symbol} ${hit.name ?? ""}`.trim(),
      kind: hit.mic ?? "Symbol",
      run: () => {
        go(`/instruments/${encodeURIComponent(hit.symbol)}`);
      },
    }),
  );
  const found = [...find(typed, choices(go), (choice) => choice.title), ...symbols];
  const chosen = Math.min(at, found.length - 1);

  function take(choice: Choice | undefined) {
    if (!choice) return;
    close();
    choice.run();
  }

  function onKey(event: KeyboardEvent) {
    if (event.key === "Enter") take(found[chosen]);
    else if (event.key === "ArrowDown") setAt((chosen + 1) % Math.max(1, found.length));
    else if (event.key === "ArrowUp") setAt((chosen - 1 + found.length) % Math.max(1, found.length));
    else return;
    event.preventDefault();
  }

  return (
    <Dialog label="Find a page, an action or a symbol" close={close}>
      <input
        className={css["input"]}
        role="combobox"
        aria-label="Find"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={found.length > 0 ? `${id}-${chosen}` : undefined}
        aria-autocomplete="list"
        autoComplete="off"
        spellCheck={false}
        placeholder="A page, an action, a symbol or a company"
        value={typed}
        onKeyDown={onKey}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
      />
      <div id={`${id}-list`} role="listbox" aria-label="Found" className={css["list"]}>
        {found.map((choice, index) => (
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events -- the field above has the keys, as comboboxes do
          <div
            key={choice.key}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            className={css["choice"]}
            ref={index === chosen ? (row) => { row?.scrollIntoView({ block: "nearest" }); } : null}
            onClick={() => {
              take(choice);
            }}
          >
            <span>{choice.title}</span>
            <span className={css["kind"]}>{choice.kind}</span>
          </div>
        ))}
      </div>
      <p role="status" className={css["told"]}>
        {asked.isError ? "Symbols cannot be searched now: the API does not answer." : found.length === 0 && !asked.isFetching ? "Nothing is found by that name." : ""}
      </p>
    </Dialog>
  );
}
