import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { JsonObject } from "../json-object.ts";
import { startPace } from "./pace.ts";
import type { EchoReply } from "./reply.ts";
import type { EchoPiece, Tokenizer } from "./tokenizer.ts";

/** A request to the echo, and the functions that answer it. */
export type EchoCall = {
  body: JsonObject;
  tokenizer: Tokenizer;
  /** Aborts when the client leaves. Every wait of this call ends then. */
  signal: AbortSignal;
  /** Answers with JSON when `tokens` tokens would have been generated. */
  json(value: unknown, tokens?: number): Promise<void>;
  /** Answers with a stream. `events` yields the text of each event. */
  stream(events: AsyncIterable<string>): Promise<void>;
  /** The pieces of a reply, each at its time. */
  spoken(reply: EchoReply): AsyncGenerator<EchoPiece>;
};

export type CallParts = {
  body: JsonObject;
  tokenizer: Tokenizer;
  signal: AbortSignal;
  response: ServerResponse;
  tokensPerSecond: number | null;
};

/** Binds a request to its response. */
export function beginCall(parts: CallParts): EchoCall {
  const { response, signal } = parts;
  const pace = startPace(parts.tokensPerSecond);
  // Counts over all replies of the call: several prompts are answered one after the other.
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

/** An event without a name, as in OpenAI's older dialects. */
export function formatDataEvent(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

/** An event named after its `type`, as in Messages and Responses. */
export function formatNamedEvent(value: JsonObject & { type: string }): string {
  return `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`;
}
