import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { chatAnswer, chatChunk, chatFinish, chatUsage, done } from "../mock-upstream.ts";

/** A generation at the upstream. */
export type CountedRun = {
  /** The client's name for it. */
  readonly name: string;
  readonly user: string;
  /** Milliseconds, of the test's clock. */
  readonly startedAt: number;
  endedAt: number | null;
  /** Its client has closed the connection before the end. */
  isLeft: boolean;
  /** Ends its answer. */
  finish(): void;
};

/** An upstream that knows the truth about its load. */
export type CountingUpstream = {
  readonly url: string;
  /** All that have come, in order. */
  runs(): readonly CountedRun[];
  /** Those that it works on now. */
  working(): CountedRun[];
  /** The most at once so far. */
  most(): number;
  run(name: string): CountedRun | undefined;
  /** Ends all that it works on, and each one that comes. */
  finishAll(): void;
  /** Begins anew, as if nothing had come. */
  forget(): void;
  close(): Promise<void>;
};

export type CountingOptions = {
  /** It shows its slots, as llama.cpp does. */
  readonly showsSlots?: boolean;
};

type Wanted = { readonly name: string; readonly forMs: number | null };

/** The message by which a request says how long its answer takes; null: until the test ends it. */
export const wanting = (name: string, forMs: number | null): string =>
  JSON.stringify({ name, forMs });

/** Between two chunks of a stream. Milliseconds. */
const chunkMs = 100;

export async function startCountingUpstream({
  showsSlots = false,
}: CountingOptions = {}): Promise<CountingUpstream> {
  let runs: CountedRun[] = [];
  let most = 0;
  let finishesAll = false;
  const working = (): CountedRun[] => runs.filter(({ endedAt }) => endedAt === null);

  async function generate(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = JSON.parse(await textOf(request)) as {
      stream?: boolean;
      messages: { content: string }[];
    };
    const { name, forMs } = JSON.parse(asked.messages[0]?.content ?? "") as Wanted;
    const over = Promise.withResolvers<void>();
    const run: CountedRun = {
      ...{ name, user: String(request.headers["x-gateway-user"]) },
      ...{ startedAt: performance.now(), endedAt: null, isLeft: false },
      finish: over.resolve,
    };
    runs.push(run);
    response.once("close", () => {
      if (run.endedAt === null) [run.endedAt, run.isLeft] = [performance.now(), true];
      over.resolve();
    });
    void recount();
    if (finishesAll) over.resolve();
    const timer = forMs === null ? undefined : setTimeout(over.resolve, forMs);
    const chunks = asked.stream === true ? beginStream(response) : undefined;
    await over.promise;
    clearTimeout(timer);
    clearInterval(chunks);
    if (run.isLeft) return;
    run.endedAt = performance.now();
    endAnswer(response, asked.stream === true);
  }

  /** What else happened in this moment is heard first: the end of a request before this one. */
  async function recount(): Promise<void> {
    await nextTurn();
    await nextTurn();
    most = Math.max(most, working().length);
  }

  const server = createServer((request, response) => {
    request.on("error", () => {});
    response.on("error", () => {});
    const path = request.url?.replace(/\?.*$/, "");
    if (request.method === "POST") void generate(request, response).catch(() => {});
    else if (path === "/v1/models")
      sendJson(response, 200, { object: "list", data: [{ id: "mock", object: "model" }] });
    else if (path === "/slots" && showsSlots) sendJson(response, 200, slotsOf(working().length));
    else sendJson(response, 404, {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    runs: () => runs,
    working,
    most: () => most,
    run: (name) => runs.find((run) => run.name === name),
    finishAll() {
      finishesAll = true;
      for (const run of working()) run.finish();
    },
    forget() {
      runs = [];
      most = 0;
      finishesAll = false;
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** It has more slots than the gateways use: so it shows it if they use too many. */
const slotsOf = (busy: number): object[] =>
  Array.from({ length: 16 }, (_, id) => ({ id, id_task: id, is_processing: id < busy }));

function beginStream(response: ServerResponse): NodeJS.Timeout {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(chatChunk("word "));
  return setInterval(() => response.write(chatChunk("word ")), chunkMs);
}

function endAnswer(response: ServerResponse, isStream: boolean): void {
  if (isStream) response.end(chatFinish + chatUsage(3, 2) + done);
  else sendJson(response, 200, JSON.parse(chatAnswer("word")));
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const piece of request.setEncoding("utf8")) text += piece;
  return text;
}
