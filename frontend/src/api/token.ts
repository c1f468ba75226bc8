// The operator's token lives as long as the tab: what is left in a closed browser lets nobody in.
const KEY = "groat.token";
const listeners = new Set<() => void>();

export function token(): string | null {
  return sessionStorage.getItem(KEY);
}

/** Keep the token, or forget it, and tell who asked to know. */
export function setToken(value: string | null): void {
  if (value === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, value);
  for (const listener of listeners) listener();
}

/** Call back at each change; returns how to stop. Fits useSyncExternalStore. */
export function onToken(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
