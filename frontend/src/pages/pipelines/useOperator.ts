import { useSyncExternalStore } from "react";
import { useLocation } from "wouter";
import { onToken, token } from "../../api/token";

/** Return a guard: it runs what needs the operator's token, or leads to Sign in, and from there to `back`. */
export function useOperator(): (act: () => void, back: string) => void {
  const bearer = useSyncExternalStore(onToken, token);
  const [, go] = useLocation();
  return (act, back) => {
    if (bearer) act();
    else go(`/sign-in?back=${encodeURIComponent(back)}`);
  };
}
