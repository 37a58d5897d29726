import { setTimeout as sleep } from "node:timers/promises";
import { type GatewayError, shuttingDown } from "../errors.ts";
import type { AllLines } from "../line/all-lines.ts";
import type { RosterView } from "../roster.ts";

export type Draining = {
  lines: Pick<AllLines, "drain">;
  /** The generations under way, waiting or running. */
  underway: RosterView<{ stop: { abort(reason: GatewayError): void } }>;
  /** How long running generations may go on. Milliseconds. */
  timeoutMs: number;
};

/**
 * So long a gateway that stops takes new requests while `/ready` says that it does not, if there are
 * others: load balancers look every second, and a request that comes meanwhile is not lost.
 */
export const noticeMs = 3_000;

/** Ends the requests that wait, lets those that run finish in time, and stops the rest. */
export async function drain({ lines, underway, timeoutMs }: Draining): Promise<void> {
  lines.drain();
  if (!(await emptied(underway, timeoutMs))) {
    for (const { stop } of underway.values()) stop.abort(shuttingDown());
    // Each of them then closes its row and ends its answer.
    await emptied(underway, 5_000);
  }
}

async function emptied(underway: RosterView<unknown>, ms: number): Promise<boolean> {
  const deadline = performance.now() + ms;
  while (underway.size > 0 && performance.now() < deadline) await sleep(20);
  return underway.size === 0;
}
