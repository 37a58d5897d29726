import { createParser } from "eventsource-parser";
import { shownText } from "../../telemetry/shown-text.ts";
import { type QueueView, readView } from "./view.ts";

/** The gateway as this command asks it. Everything throws one line, without the key. */
export type QueueCalls = {
  show(): Promise<QueueView>;
  steer(action: string): Promise<QueueView>;
  /** Where it stood: waiting or running. */
  remove(id: string): Promise<string>;
  /** Calls back at once and after each change, until the gateway ends it. */
  follow(tell: (view: QueueView) => void, signal: AbortSignal): Promise<void>;
};

/** Longer than this nothing is said without a change, not even a comment. */
const silenceMs = 45_000;
const answerMs = 10_000;

export function createQueueCalls(url: string, key: string): QueueCalls {
  async function call(path: string, method: string, signal?: AbortSignal): Promise<Response> {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${key}` },
      // A key goes to the place that was named, and to no other.
      redirect: "manual",
      signal: signal ?? AbortSignal.timeout(answerMs),
    }).catch((error: unknown) => {
      throw signal?.aborted ? error : new Error(`${shownText(url)}: ${reasonOf(error)}`);
    });
    if (response.status !== 200) throw new Error(await refusalOf(response));
    return response;
  }
  const read = async (path: string, method: string): Promise<string> =>
    (await call(path, method)).text();
  return {
    show: async () => readView(await read("/queue", "GET")),
    steer: async (action) => readView(await read(`/queue/${action}`, "POST")),
    async remove(id) {
      const text = await read(`/queue/${encodeURIComponent(id)}`, "DELETE");
      const { was } = JSON.parse(text) as { was?: unknown };
      return was === "running" ? "running" : "waiting";
    },
    async follow(tell, signal) {
      const silent = new AbortController();
      const ends = AbortSignal.any([signal, silent.signal]);
      const { body } = await call("/queue/events", "GET", ends);
      const parser = createParser({ onEvent: ({ data }) => tell(readView(data)) });
      const watch = setTimeout(() => silent.abort(new Error("it fell silent")), silenceMs);
      try {
        for await (const text of body?.pipeThrough(new TextDecoderStream()) ?? []) {
          watch.refresh();
          parser.feed(text);
        }
      } finally {
        clearTimeout(watch);
      }
    },
  };
}

async function refusalOf(response: Response): Promise<string> {
  const said: unknown = await response.json().catch(() => null);
  const error = typeof said === "object" && said !== null && "error" in said ? said.error : null;
  const message =
    typeof error === "object" && error !== null && "message" in error ? error.message : null;
  if (typeof message === "string") return shownText(message, 300);
  return `it answers ${response.status}`;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "no answer";
  const { cause } = error;
  if (cause instanceof Error && "code" in cause && cause.code === "ECONNREFUSED") {
    return "nothing listens there: does the gateway run, and on that PORT? --url names another";
  }
  return error.name === "TimeoutError" ? "no answer in time" : "no answer";
}
