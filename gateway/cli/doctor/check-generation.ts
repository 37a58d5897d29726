import { setTimeout as sleep } from "node:timers/promises";
import { isJsonObject } from "../../json-object.ts";
import { type Finding, fail, ok, reasonOf, skip, warn } from "../../upstreams/inspect/finding.ts";
import type { UpstreamProbe } from "../../upstreams/inspect/upstream-probe.ts";

/** Has it generate a few words. Does it stream, report usage, and stop when its client leaves? */
export async function checkGeneration(
  probe: UpstreamProbe,
  model: string,
  isLlama: boolean,
): Promise<Finding[]> {
  let events = 0;
  let counted = false;
  const todo = "Read the log of the upstream.";
  try {
    const status = await probe.chat(model, 12, (event) => {
      events++;
      counted ||= probe.words.counts(event);
      return true;
    });
    if (status !== 200) {
      return [fail("generates", `It answers a short chat with ${model} with ${status}.`, todo)];
    }
  } catch (error) {
    return [fail("generates", `A short chat with ${model} fails: ${reasonOf(error)}`, todo)];
  }
  return [
    streaming(events, model),
    counted
      ? ok("usage", "It reports the tokens used.")
      : warn(
          "usage",
          "It does not report the tokens used.",
          "The accounts then lack its tokens. A newer version of the server may report them.",
        ),
    isLlama
      ? await noticesLeaving(probe, model)
      : skip("leaving", "Only llama.cpp shows whether it stops when its client leaves."),
  ];
}

function streaming(events: number, model: string): Finding {
  if (events > 2) {
    return ok("generates", `It streams: ${events} events for a short chat with ${model}.`);
  }
  return warn(
    "generates",
    `It does not stream: it answers in ${events === 1 ? "1 event" : `${events} events`}.`,
    "Turn on streaming there; until then clients see nothing before the end.",
  );
}

/** Leaves in mid-stream, then waits for its slots to become idle. */
async function noticesLeaving(probe: UpstreamProbe, model: string): Promise<Finding> {
  try {
    await probe.chat(model, 2_000, () => false);
    for (let tries = 0; tries < 20; tries++) {
      await sleep(150);
      const { status, body } = await probe.get("/slots");
      if (status !== 200 || !Array.isArray(body)) {
        return skip("leaving", "Its /slots is off, so doctor cannot see it.");
      }
      if (!body.some((slot: unknown) => isJsonObject(slot) && slot.is_processing === true)) {
        return ok("leaving", "It stops when its client leaves.");
      }
    }
    return warn(
      "leaving",
      "It still works 3 s after its client left, or another client uses it.",
      "Run doctor again while nobody uses it.",
    );
  } catch (error) {
    return skip("leaving", `doctor could not see it: ${reasonOf(error)}`);
  }
}
