import { Suspense } from "react";
import { Link, Route, Switch, useLocation } from "wouter";
import { COMPONENTS, GROUPS, PAGES, type Group } from "../routes";
import { Skeleton } from "../ui/Skeleton";
import css from "./Frame.module.css";
import { NotFound } from "./NotFound";

/** What stands around every page: the way to the content, the navigation, and the page itself. */
export function Frame() {
  return (
    <div className={css["frame"]}>
      <a href="#page" className={css["skip"]}>
        Skip to the page
      </a>
      <nav className={css["nav"]} aria-label="Pages">
        {(Object.keys(GROUPS) as Group[]).map((group) => (
          <NavGroup key={group} group={group} />
        ))}
      </nav>
      <main id="page" tabIndex={-1} className={css["page"]}>
        <Suspense fallback={<Skeleton label="Loading the page" />}>
          <Switch>
            {PAGES.map((page) => (
              <Route key={page.key} path={page.path} component={COMPONENTS.get(page.key) as React.ComponentType} />
            ))}
            <Route component={NotFound} />
          </Switch>
        </Suspense>
      </main>
    </div>
  );
}

function NavGroup({ group }: { group: Group }) {
  const [location] = useLocation();
  const pages = PAGES.filter((page) => page.group === group);
  if (pages.length === 0) return null;
  return (
    <ul role="list" aria-label={GROUPS[group]}>
      {pages.map((page) => (
        <li key={page.key}>
          <Link href={page.path} aria-current={location === page.path ? "page" : undefined}>
            {page.title}
          </Link>
        </li>
      ))}
    </ul>
  );
}
