import { randomUUID } from "node:crypto";
import { openLedger } from "../../ledger/ledger.ts";

/** What one model did for a user on each of the last days. */
export type DailyUse = {
  user: string;
  model: string;
  input: number;
  output: number;
  upstreamMs: number;
};

/**
 * Writes a ledger as a gateway would have: one request for each use on each of the last days, with
 * today, at this time of day.
 */
export async function writePastUsage(
  file: string,
  uses: readonly DailyUse[],
  days: number,
): Promise<void> {
  const ledger = openLedger({ file });
  const closed: Promise<void>[] = [];
  for (let ago = 0; ago < days; ago++) {
    for (const { user, model, input, output, upstreamMs } of uses) {
      const id = randomUUID();
      ledger.open({
        ...{ id, requestId: id, user, model, upstream: "box", dialect: "chat" },
        ...{ path: "/v1/chat/completions", streamed: true },
        startedAt: Date.now() - 1_000 - ago * 86_400_000,
      });
      closed.push(
        ledger.close(id, {
          ...{ state: "done", status: 200, errorCode: null, upstreamId: null },
          ...{ queueMs: 3_000, firstTokenMs: 800, upstreamMs, durationMs: upstreamMs + 3_000 },
          usage: { input, output, cached: 0, reasoning: 0, source: "reported" },
        }),
      );
    }
  }
  await Promise.all(closed);
  await ledger.shutdown();
}
