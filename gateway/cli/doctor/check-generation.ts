import { setTimeout as sleep } from "node:timers/promises";
import { type Finding, fail, ok, reasonOf, skip, warn } from "./finding.ts";
import type { Members } from "./members.ts";
import type { UpstreamProbe } from "./upstream-probe.ts";

/** Has it generate a few words: does it stream, count, and notice a leaving? */
export async function checkGeneration(
  probe: UpstreamProbe,
  model: string,
  isLlama: boolean,
): Promise<Finding[]> {
  let events = 0;
  let counted = false;
  const todo = "Look at the upstream's own log.";
  try {
    const status = await probe.chat(model, 12, (event) => {
      events++;
      counted ||= probe.words.counts(event);
      return true;
    });
    if (status !== 200) {
      return [fail("generates", `a short chat with ${model} is answered ${status}`, todo)];
    }
  } catch (error) {
    return [fail("generates", `a short chat with ${model} fails: ${reasonOf(error)}`, todo)];
  }
  return [
    events > 2
      ? ok("generates", `streams: ${events} events for a short chat with ${model}`)
      : warn(
          "generates",
          `it answers in ${events} events: it does not stream`,
          "Turn on streaming there; clients see nothing until the end.",
        ),
    counted
      ? ok("usage", "reports what was used")
      : warn(
          "usage",
          "does not report what was used",
          "Tokens in the accounts are then unknown; a newer version of it may help.",
        ),
    isLlama
      ? await noticesLeaving(probe, model)
      : skip("leaving", "only llama.cpp shows whether it notices that a client has left"),
  ];
}

/** Leaves in mid-stream and looks whether its slots fall idle. */
async function noticesLeaving(probe: UpstreamProbe, model: string): Promise<Finding> {
  try {
    await probe.chat(model, 2_000, () => false);
    for (let tries = 0; tries < 20; tries++) {
      await sleep(150);
      const { status, body } = await probe.get("/slots");
      if (status !== 200 || !Array.isArray(body)) {
        return skip("leaving", "its /slots is off, so it cannot be seen");
      }
      if (!body.some((slot: Members) => slot.is_processing === true)) {
        return ok("leaving", "stops within moments when a client leaves");
      }
    }
    return warn(
      "leaving",
      "it still works 3 s after its client left (or for somebody else)",
      "Run doctor again while nobody uses it.",
    );
  } catch (error) {
    return skip("leaving", `it could not be looked at: ${reasonOf(error)}`);
  }
}
