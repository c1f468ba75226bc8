import { lazy, type ComponentType, type LazyExoticComponent } from "react";

export type Group = "markets" | "machine";

export interface Page {
  key: string;
  /** A pattern of wouter: /instruments/:symbol. */
  path: string;
  title: string;
  /** Where the page stands in the navigation; without it, it is reached by links only. */
  group?: Group;
  /** The letter after g that leads here. */
  letter?: string;
  load: () => Promise<{ default: ComponentType }>;
}

/** Every page there is: a line here puts it into the navigation, the palette, the shortcuts and the titles. */
export const PAGES: readonly Page[] = [
  { key: "market", path: "/", title: "Market", group: "markets", letter: "m", load: () => import("./pages/market/Page") },
  { key: "instrument", path: "/instruments/:symbol", title: "Instrument", load: () => import("./pages/instrument/Page") },
  { key: "pipelines", path: "/pipelines", title: "Pipelines", group: "machine", letter: "p", load: () => import("./pages/pipelines/Page") },
  { key: "run", path: "/pipelines/runs/:id", title: "Run", load: () => import("./pages/pipelines/RunPage") },
  { key: "quotas", path: "/quotas", title: "Quotas", group: "machine", letter: "u", load: () => import("./pages/quotas/Page") },
  { key: "data-quality", path: "/data-quality", title: "Data quality", group: "machine", letter: "d", load: () => import("./pages/data-quality/Page") },
  { key: "system", path: "/system", title: "System", group: "machine", letter: "s", load: () => import("./pages/system/Page") },
  { key: "sign-in", path: "/sign-in", title: "Sign in", load: () => import("./pages/sign-in/Page") },
  { key: "about", path: "/about", title: "About", load: () => import("./pages/about/Page") },
];

export const GROUPS: Readonly<Record<Group, string>> = { markets: "Markets", machine: "Machine" };

/** The component of each page, in a chunk of its own. */
export const COMPONENTS: ReadonlyMap<string, LazyExoticComponent<ComponentType>> = new Map(
  PAGES.map((page) => [page.key, lazy(page.load)]),
);
