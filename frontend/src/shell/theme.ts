export type Theme = "system" | "light" | "dark";

// The script in public/theme.js reads the same key before the first paint.
const KEY = "groat.theme";
const ORDER: readonly Theme[] = ["system", "light", "dark"];

export function theme(): Theme {
  const kept = localStorage.getItem(KEY);
  return kept === "light" || kept === "dark" ? kept : "system";
}

/** Keep a theme and show it; "system" follows the machine again. */
export function setTheme(next: Theme): void {
  if (next === "system") {
    localStorage.removeItem(KEY);
    delete document.documentElement.dataset["theme"];
  } else {
    localStorage.setItem(KEY, next);
    document.documentElement.dataset["theme"] = next;
  }
  // Charts draw on canvas and must be told; style sheets follow by themselves.
  dispatchEvent(new Event("groat:theme"));
}

export function nextTheme(now: Theme): Theme {
  return ORDER[(ORDER.indexOf(now) + 1) % ORDER.length] ?? "system";
}

export function onTheme(listener: () => void): () => void {
  addEventListener("groat:theme", listener);
  return () => {
    removeEventListener("groat:theme", listener);
  };
}
