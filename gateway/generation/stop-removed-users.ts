import type { MayStay } from "../auth/may-stay.ts";
import { GatewayError } from "../errors.ts";
import type { AllLines } from "../line/all-lines.ts";
import type { RosterView } from "../roster.ts";
import type { Underway } from "./keeper.ts";

export type RemovedUsersParts = {
  underway: RosterView<Underway>;
  lines: Pick<AllLines, "cancel">;
  mayStay: MayStay;
  /** By user: what began until this time (epoch ms) is stopped, if the user may not stay. */
  stopNotes(): ReadonlyMap<string, number>;
};

/** Milliseconds between two looks; a removal shows after two of them. */
const everyMs = 1_500;

/**
 * Looks at users.json while requests are under way. It removes from the queue what nobody may ask
 * for any more, and stops what runs too where an administrator has said so (`--now`). A removal
 * counts when two looks in a row have seen it: an editor may remove the file before it writes it
 * anew, and that must not empty the queue.
 */
export function stopRemovedUsers(parts: RemovedUsersParts, ms: number = everyMs): Disposable {
  let doubted: ReadonlySet<string> = new Set();
  const look = (): void => {
    doubted = parts.underway.size === 0 ? new Set() : lookAt(parts, doubted);
  };
  const timer = setInterval(look, ms).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Stops what was in doubt before; gives the ids that are in doubt now. */
function lookAt(parts: RemovedUsersParts, doubted: ReadonlySet<string>): ReadonlySet<string> {
  const notes = parts.stopNotes();
  const inDoubt = new Set<string>();
  const found: [string, Underway][] = [];
  for (const id of parts.underway.keys()) {
    const one = parts.underway.get(id);
    if (one === undefined) continue;
    const isNoted = one.startedAt <= (notes.get(one.user) ?? 0);
    if (parts.mayStay(one.identity, isNoted)) continue;
    inDoubt.add(id);
    if (isNoted || doubted.has(id)) found.push([id, one]);
  }
  for (const [id, { user, startedAt, stop }] of found) {
    if (parts.lines.cancel(id, removed())) continue;
    if (startedAt <= (notes.get(user) ?? 0)) stop.abort(removed());
  }
  return inDoubt;
}

/** For the row it is cancelled; the client learns why no further request will do. */
const removed = (): GatewayError =>
  new GatewayError(
    "cancelled",
    "Your access was removed or disabled, so this request was stopped.",
    {
      status: 401,
      type: "authentication_error",
      shownCode: "invalid_api_key",
      headers: { "www-authenticate": 'Bearer realm="llm-gateway"' },
    },
  );
