import type { MockUpstream } from "../support/mock-upstream.ts";
import { type Case, cases } from "./cases.ts";
import type { Front } from "./conversion-server.ts";
import type { Pair } from "./pairs.ts";
import type { TestProvider } from "./providers.ts";

/** One client, one upstream, and the gateway's part between them. */
export type Stage = Pick<Pair, "client" | "provider"> & {
  readonly upstream: MockUpstream;
  readonly front: Front;
};

/** Something that must hold for every pair. */
export type StagedEnding = {
  /** The column that it counts for. */
  what: string;
  title: string;
  prove(stage: Stage): Promise<void>;
};

/** The case that says the least. */
export const plain: Case = cases[0]!;

/** The events that begin a stream and say `text` in one, without its end. */
export function begun(provider: TestProvider, text: string): string[] {
  // A text of four letters goes out in one piece.
  const events = provider.events({ ...plain, text: "@@@@" });
  const last = events.findLastIndex((event) => event.includes("@@@@"));
  // Gemini's only chunk would be the last.
  const open = (event: string): string => event.replace('"finishReason":"STOP",', "");
  return events.slice(0, last + 1).map((event) => open(event).replace("@@@@", text));
}

/** What an answer was rejected with; a text where it was not. */
export function failure(answer: Promise<unknown>): Promise<unknown> {
  return answer.then(
    (had) => `no error, but ${JSON.stringify(had)}`,
    (error: unknown) => error,
  );
}
