import { PAGES } from "../routes";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import css from "./Help.module.css";

/** The list of shortcuts. */
export default function Help({ close }: { close: () => void }) {
  const rows: [string, string][] = [
    ["Ctrl K, or /", "Find a page, an action or a symbol"],
    ["?", "This list"],
    ["Esc", "Close what is open"],
    ...PAGES.flatMap((page): [string, string][] => (page.letter ? [[`g ${page.letter}`, page.title]] : [])),
  ];
  return (
    <Dialog label="Keyboard shortcuts" close={close}>
      <h2>Keyboard shortcuts</h2>
      <dl className={css["keys"]}>
        {rows.map(([keys, does]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <Button onClick={close}>Close</Button>
    </Dialog>
  );
}
