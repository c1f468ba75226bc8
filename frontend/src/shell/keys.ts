import { useEffect } from "react";
import { useLocation } from "wouter";
import { PAGES } from "../routes";

const CHORD_MS = 1_200;

/** Tell whether a key belongs to what is being typed into. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName));
}

interface Openers {
  openPalette: () => void;
  openHelp: () => void;
}

/** Listen for the keys that work everywhere: Ctrl or Cmd K, ?, and g with a page's letter. */
export function useKeys({ openPalette, openHelp }: Openers): void {
  const [, go] = useLocation();
  useEffect(() => {
    let chordAt = -Infinity;
    function onKey(event: KeyboardEvent) {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        openPalette();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector("dialog[open]")) return;
      if (event.key === "?") openHelp();
      else if (event.key === "/") {
        event.preventDefault();
        openPalette();
      } else if (event.key === "g") {
        chordAt = event.timeStamp;
        return;
      } else if (event.timeStamp - chordAt < CHORD_MS) {
        const page = PAGES.find((each) => each.letter === event.key);
        if (page) go(page.path);
      }
      chordAt = -Infinity;
    }
    addEventListener("keydown", onKey);
    return () => {
      removeEventListener("keydown", onKey);
    };
  }, [go, openPalette, openHelp]);
}
