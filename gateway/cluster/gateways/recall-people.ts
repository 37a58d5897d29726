import type { Claim } from "../messages.ts";
import type { KeptLines } from "./kept-lines.ts";
import type { Clock } from "./ports.ts";

/** What people used before is waited for so long. Milliseconds. */
const recallMs = 2_000;

/**
 * Reads what the people of these claims used before. Resolves when it is read, or has taken too long:
 * it counts later then.
 */
export function recallPeople(
  claims: readonly Claim[],
  { lines, clock }: { lines: Pick<KeptLines, "recall">; clock: Pick<Clock, "later"> },
): Promise<void> {
  const candidates = claims.flatMap((claim) =>
    claim[0] === "waits" || claim[0] === "runs" || claim[0] === "asks" ? [claim[2]] : [],
  );
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const cancel = clock.later(recallMs, resolve);
  lines.recall(candidates).then(resolve, reject).finally(cancel);
  return promise;
}
