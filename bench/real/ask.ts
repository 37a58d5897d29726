import type { TestGateway } from "../../gateway/test/support/harness.ts";

/** What is asked: a prompt of so many words, for an answer of so many tokens. */
export type Question = { user: string; words: number; tokens: number; isBound: boolean };

/** The first place that somebody who waited was told, and how long they did. */
export type Wait = { user: string; position: number; etaMs: number | null; waitedMs: number };

type Queue = { position: number; eta_seconds: number | null };

/** The place in an event, `started` for one of the answer itself, null for neither. */
function placeIn(event: string): Queue | "started" | null {
  // A comment for simpler clients stands before it.
  const at = event.indexOf("data: {");
  if (at < 0) return null;
  const { queue } = JSON.parse(event.slice(at + 6)) as { queue?: Queue | null };
  return queue && queue.position > 0 ? queue : "started";
}

function promiseOf({ position, eta_seconds: eta }: Queue): {
  position: number;
  etaMs: number | null;
} {
  return { position, etaMs: eta === null ? null : eta * 1000 };
}

/**
 * Asks for a chat answer and reads it. Without a bound the client hangs up when it has had enough,
 * since a model of random weights never ends by itself. Rejects when `signal` aborts.
 *
 * @param started - called once, when the answer begins; null for one that was told no place.
 */
export async function ask(
  gateway: TestGateway,
  { user, words, tokens, isBound }: Question,
  signal: AbortSignal,
  started: (wait: Wait | null) => void,
): Promise<void> {
  const stop = new AbortController();
  const content = "a word and ".repeat(words);
  const bound = isBound ? { max_tokens: tokens } : {};
  const asked = { messages: [{ role: "user", content }], stream: true, ...bound };
  const joined = performance.now();
  const options = { user, signal: AbortSignal.any([signal, stop.signal]) };
  const response = await gateway.post("/v1/chat/completions", asked, options);
  let first: Queue | null = null;
  let begun = false;
  let text = "";
  let answered = 0;
  for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += piece;
    const events = text.split("\n\n");
    text = events.pop() ?? "";
    if (begun) answered += events.length;
    for (const event of begun ? [] : events) {
      const place = placeIn(event);
      if (place === "started") {
        begun = true;
        const waitedMs = performance.now() - joined;
        started(first === null ? null : { user, ...promiseOf(first), waitedMs });
        break;
      }
      first ??= place;
    }
    if (!isBound && answered >= tokens) break;
  }
  stop.abort();
}
