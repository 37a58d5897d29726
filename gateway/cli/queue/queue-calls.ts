import { createParser } from "eventsource-parser";
import { shownText } from "../../telemetry/shown-text.ts";
import { type QueueView, readView } from "./view.ts";

/** What this command asks the gateway. Each call rejects with one line, without the key. */
export type QueueCalls = {
  show(): Promise<QueueView>;
  steer(action: string): Promise<QueueView>;
  /** @returns the state it was in: waiting or running */
  remove(id: string): Promise<string>;
  /** Calls back at once and after each change, until the gateway closes the connection. */
  follow(tell: (view: QueueView) => void, signal: AbortSignal): Promise<void>;
};

/** The gateway sends at least a comment in this time. */
const silenceMs = 45_000;
const answerMs = 10_000;

export function createQueueCalls(url: string, key: string): QueueCalls {
  async function call(path: string, method: string, signal?: AbortSignal): Promise<Response> {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${key}` },
      // The key goes to the named address, and to no other.
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
      const watch = setTimeout(
        () => silent.abort(new Error("the gateway sends nothing")),
        silenceMs,
      );
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
  return `the gateway answers ${response.status}`;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error && "code" in cause && cause.code === "ECONNREFUSED") {
    return "nothing listens there. Start the gateway, or name another address with --url";
  }
  if (error.name === "TimeoutError") return "no answer in time";
  return cause instanceof Error ? cause.message : error.message;
}
