import type { SessionQuality } from "../../api/queries/quality";

export interface Gap {
  first: string;
  last: string;
  sessions: number;
  reason: string;
  /** Market time; null when nobody can tell. */
  until: string | null;
}

export interface GapPlan {
  calls: readonly { dataset: string; subject: string; reason: string; eta: string; provider: string }[];
  deferred: readonly { dataset: string; subject: string; reason: string; until?: string | null }[];
}

const DATE = /\d{4}-\d{2}-\d{2}/g;

// A day that the exchange's calendar calls a session, and of which a provider has nothing.
const NONE = { reason: "Answered: the provider has no bars of this session, so nothing more is asked", until: null };

function covers(subject: string, session: string): boolean {
  const days = subject.match(DATE) ?? [];
  const [first, last = first] = days;
  return first !== undefined && last !== undefined && first <= session && session <= last;
}

function reasonOf(session: string, plan: GapPlan, firstStored: string | undefined): { reason: string; until: string | null } {
  const call = plan.calls.find((each) => each.dataset === "bars_daily" && covers(each.subject, session));
  if (call) return { reason: `Planned: ${call.provider} is asked next (${call.reason})`, until: call.eta };
  const waits = plan.deferred.find((each) => each.dataset === "bars_daily" && covers(each.subject, session));
  if (waits) return { reason: `Waits: ${waits.reason}`, until: waits.until ?? null };
  if (firstStored === undefined || session < firstStored)
    return { reason: "Before the first stored session: the plan names no call, so it is beyond what the provider serves, or of before its data", until: null };
  return { reason: "A run may be asking right now: the plan has no call for it", until: null };
}

/** Return the final sessions that are not stored in whole, or came empty, neighbours of the same reason joined, the latest first. */
export function gapsOf(sessions: readonly SessionQuality[], plan: GapPlan): Gap[] {
  const firstStored = sessions.find((each) => each.settled)?.session;
  const gaps: Gap[] = [];
  let open: Gap | undefined;
  for (const each of sessions) {
    if (!each.final || (each.settled && each.stored > 0)) {
      open = undefined;
      continue;
    }
    const why = each.settled ? NONE : reasonOf(each.session, plan, firstStored);
    if (open?.reason === why.reason) {
      open.last = each.session;
      open.sessions += 1;
      open.until = why.until ?? open.until;
    } else {
      open = { first: each.session, last: each.session, sessions: 1, ...why };
      gaps.push(open);
    }
  }
  return gaps.reverse();
}
