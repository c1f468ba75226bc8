import { Link } from "wouter";
import { percent } from "../format/numbers";
import { squarify } from "./squarify";
import css from "./Treemap.module.css";

export interface TreemapItem {
  key: string;
  name: string;
  /** The area, in any positive unit. */
  weight: number;
  /** A ratio, shown and shaded; null where it is not known. */
  change: number | null;
  href?: string;
}

interface TreemapProps {
  label: string;
  items: readonly TreemapItem[];
  /** The change at which the shade is full. */
  full?: number;
  height?: number;
}

const WIDE = 1000;

/** Return how strong the shade of a change is, in per cent of the colour. */
export function shade(change: number, full: number): number {
  return Math.round(12 + 43 * Math.min(1, Math.abs(change) / full));
}

/** Boxes by weight, shaded by change: blue up, orange down, each with its sign and number. */
export function Treemap({ label, items, full = 0.03, height = 280 }: TreemapProps) {
  const boxes = squarify(
    items.map((item) => item.weight),
    { x: 0, y: 0, width: WIDE, height: (WIDE * height) / 640 },
  );
  return (
    <ul role="list" aria-label={label} className={css["map"]} style={{ height }}>
      {items.map((item, at) => {
        const box = boxes[at];
        if (!box || box.width === 0) return null;
        const tall = (WIDE * height) / 640;
        const colour = item.change === null || item.change === 0 ? "var(--neutral)" : item.change > 0 ? "var(--up)" : "var(--down)";
        const strength = item.change === null ? 10 : shade(item.change, full);
        const text = `${item.name} ${item.change === null ? "change not known" : percent(item.change)}`;
        const style = {
          left: `${(box.x / WIDE) * 100}%`,
          top: `${(box.y / tall) * 100}%`,
          width: `${(box.width / WIDE) * 100}%`,
          height: `${(box.height / tall) * 100}%`,
          background: `color-mix(in srgb, ${colour} ${strength}%, var(--raised))`,
        };
        return (
          <li key={item.key} className={css["box"]} style={style} title={text}>
            {item.href === undefined ? (
              <span className={css["text"]}>{text}</span>
            ) : (
              <Link href={item.href} className={css["text"]}>
                {text}
              </Link>
            )}
          </li>
        );
      })}
    </ul>
  );
}
