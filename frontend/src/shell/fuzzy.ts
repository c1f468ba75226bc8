const START = 8;
const NEXT = 5;
const GAP = 1;

/** Score how well typed letters, in order, find a text; null when they do not. Starts of words and runs count most. */
export function score(typed: string, text: string): number | null {
  const letters = typed.toLowerCase().replaceAll(" ", "");
  const low = text.toLowerCase();
  let total = 0;
  let last = -1;
  for (const letter of letters) {
    const at = low.indexOf(letter, last + 1);
    if (at < 0) return null;
    if (at === 0 || /[\s/-]/.test(low[at - 1] ?? "")) total += START;
    else if (at === last + 1) total += NEXT;
    else total -= Math.min(at - last - 1, 5) * GAP;
    last = at;
  }
  return total - low.length * 0.01;
}

/** Return what the letters find, the best first; everything, in its own order, when nothing is typed. */
export function find<T>(typed: string, things: readonly T[], text: (thing: T) => string): T[] {
  const scored = things.flatMap((thing) => {
    const points = score(typed, text(thing));
    return points === null ? [] : [{ thing, points }];
  });
  return typed.trim() === "" ? [...things] : scored.sort((a, b) => b.points - a.points).map((each) => each.thing);
}
