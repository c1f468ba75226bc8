import { useSyncExternalStore } from "react";
import { Link } from "wouter";
import { liveState, onLiveState } from "../api/live";
import { onToken, token } from "../api/token";
import { Badge } from "../ui/Badge";
import { Button } from "../ui/Button";
import css from "./Header.module.css";
import { MarketClock } from "./MarketClock";
import { nextTheme, onTheme, setTheme, theme } from "./theme";

const LIVE = {
  live: { tone: "good", word: "Live", why: "Changes arrive as they happen." },
  connecting: { tone: "neutral", word: "Connecting", why: "The stream of changes is being opened." },
  retrying: { tone: "warn", word: "Reconnecting", why: "The stream broke off; it is tried again, and nothing is lost." },
  refused: { tone: "bad", word: "Not live", why: "The stream asks for a sign in." },
} as const;

function Live() {
  const state = LIVE[useSyncExternalStore(onLiveState, liveState)];
  return (
    <span role="status">
      <Badge tone={state.tone} title={state.why}>
        {state.word}
      </Badge>
    </span>
  );
}

/** The market's clock, the stream's state, the finder, the theme and the sign in. */
export function Header({ openPalette }: { openPalette: () => void }) {
  const shown = useSyncExternalStore(onTheme, theme);
  const signedIn = useSyncExternalStore(onToken, token) !== null;
  return (
    <header className={css["header"]}>
      <MarketClock />
      <Live />
      <div className={css["tools"]}>
        <Button onClick={openPalette} aria-keyshortcuts="Control+K">
          Find <kbd className={css["key"]}>Ctrl K</kbd>
        </Button>
        <Button
          onClick={() => {
            setTheme(nextTheme(shown));
          }}
        >
          <span className="unseen">Theme: </span>
          {shown === "system" ? "Auto" : shown === "light" ? "Light" : "Dark"}
        </Button>
        {!signedIn && <Link href="/sign-in">Sign in</Link>}
      </div>
    </header>
  );
}
