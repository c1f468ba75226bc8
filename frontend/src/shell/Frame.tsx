import { lazy, Suspense, useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { Link, matchRoute, Route, Switch, useLocation, useRouter } from "wouter";
import { COMPONENTS, GROUPS, PAGES, type Group } from "../routes";
import { Skeleton } from "../ui/Skeleton";
import { ErrorBoundary } from "./ErrorBoundary";
import css from "./Frame.module.css";
import { Header } from "./Header";
import { useKeys } from "./keys";
import { NotFound } from "./NotFound";

const Palette = lazy(() => import("./Palette"));
const Help = lazy(() => import("./Help"));

/** What stands around every page: the way to the content, the navigation, the header and the page itself. */
export function Frame() {
  const [open, setOpen] = useState<"palette" | "help" | null>(null);
  const close = useCallback(() => { setOpen(null); }, []);
  const openPalette = useCallback(() => { setOpen("palette"); }, []);
  const openHelp = useCallback(() => { setOpen("help"); }, []);
  const [location] = useLocation();
  const main = usePageArrival(location);
  useKeys({ openPalette, openHelp });
  useEffect(() => {
    // Fetched when the page is at rest, so that the first Ctrl K does not wait for it.
    const timer = setTimeout(() => void import("./Palette"), 2_000);
    return () => {
      clearTimeout(timer);
    };
  }, []);
  return (
    <div className={css["frame"]}>
      <a href="#page" className={css["skip"]}>
        Skip to the page
      </a>
      <nav className={css["nav"]} aria-label="Pages">
        <Link href="/" className={css["brand"]}>
          Groat
        </Link>
        {(Object.keys(GROUPS) as Group[]).map((group) => (
          <NavGroup key={group} group={group} location={location} />
        ))}
        <Link href="/about" className={css["about"]} aria-current={location === "/about" ? "page" : undefined}>
          About
        </Link>
      </nav>
      <div className={css["column"]}>
        <Header openPalette={openPalette} />
        <Offline />
        <main id="page" tabIndex={-1} className={css["page"]} ref={main}>
          <ErrorBoundary page={location}>
            <Suspense fallback={<Skeleton label="Loading the page" />}>
              <Switch>
                {PAGES.map((page) => (
                  <Route key={page.key} path={page.path} component={COMPONENTS.get(page.key) as React.ComponentType} />
                ))}
                <Route component={NotFound} />
              </Switch>
            </Suspense>
          </ErrorBoundary>
        </main>
      </div>
      <Suspense fallback={null}>
        {open === "palette" && <Palette close={close} />}
        {open === "help" && <Help close={close} />}
      </Suspense>
    </div>
  );
}

/** Give each page its title and, after the first, the focus: a reader of screens hears where they are. */
function usePageArrival(location: string) {
  const main = useRef<HTMLElement>(null);
  const before = useRef(location);
  const { parser } = useRouter();
  useEffect(() => {
    const page = PAGES.find((each) => matchRoute(parser, each.path, location)[0]);
    const subject = page?.path.includes(":") ? `${decodeURIComponent(location.split("/").pop() ?? "")} · ` : "";
    document.title = `${subject}${page?.title ?? "No such page"} · Groat`;
    if (before.current !== location) {
      before.current = location;
      main.current?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
  }, [location, parser]);
  return main;
}

function NavGroup({ group, location }: { group: Group; location: string }) {
  const pages = PAGES.filter((page) => page.group === group);
  if (pages.length === 0) return null;
  return (
    <ul role="list" aria-label={GROUPS[group]} className={css["group"]}>
      <li aria-hidden="true" className={css["name"]}>
        {GROUPS[group]}
      </li>
      {pages.map((page) => (
        <li key={page.key}>
          <Link href={page.path} className={css["link"]} aria-current={location === page.path ? "page" : undefined}>
            {page.title}
          </Link>
        </li>
      ))}
    </ul>
  );
}

function onConnection(listener: () => void) {
  addEventListener("online", listener);
  addEventListener("offline", listener);
  return () => {
    removeEventListener("online", listener);
    removeEventListener("offline", listener);
  };
}

function Offline() {
  const online = useSyncExternalStore(onConnection, () => navigator.onLine);
  return (
    <div role="status">
      {!online && <p className={css["offline"]}>This machine is offline: unless Groat runs on it, what you see is what was last known.</p>}
    </div>
  );
}
