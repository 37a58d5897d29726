import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { startPace } from "./pace.ts";
import type { Reply } from "./reply.ts";
import type { Piece, Tokenizer } from "./tokenizer.ts";

/** The members of a JSON object, none of them checked yet. */
export type Members = Readonly<Record<string, unknown>>;

/** One request to the echo, and the way to answer it. */
export type Call = {
  body: Members;
  tokenizer: Tokenizer;
  /** Aborts when the client has left, and with it every wait of this call. */
  signal: AbortSignal;
  /** Answers with JSON, once `tokens` would have been generated. */
  json(value: unknown, tokens?: number): Promise<void>;
  /** Answers with a stream of events, of the text that `events` yields. */
  stream(events: AsyncIterable<string>): Promise<void>;
  /** The pieces of a reply, each when its moment has come. */
  spoken(reply: Reply): AsyncGenerator<Piece>;
};

export type CallParts = {
  body: Members;
  tokenizer: Tokenizer;
  signal: AbortSignal;
  response: ServerResponse;
  tokensPerSecond: number | null;
};

/** Binds a request to its response. */
export function beginCall(parts: CallParts): Call {
  const { response, signal } = parts;
  const pace = startPace(parts.tokensPerSecond);
  // Over all replies of the call: several prompts are said one after the other.
  let said = 0;
  return {
    body: parts.body,
    tokenizer: parts.tokenizer,
    signal,
    async json(value, tokens = 0) {
      await pace(tokens, signal);
      sendJson(response, 200, JSON.stringify(value));
    },
    async stream(events) {
      response.writeHead(200, {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-cache",
      });
      for await (const event of events) {
        if (!response.write(event)) await once(response, "drain", { signal });
      }
      response.end();
    },
    async *spoken(reply) {
      for (const piece of reply.pieces) {
        said += piece.tokens;
        await pace(said, signal);
        yield piece;
      }
    },
  };
}

/** Answers with a JSON text. */
export function sendJson(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

/** An event without a name, as OpenAI's older dialects have it. */
export function dataEvent(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

/** An event whose name is its `type`, as Messages and Responses have it. */
export function namedEvent(value: Members & { type: string }): string {
  return `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`;
}
