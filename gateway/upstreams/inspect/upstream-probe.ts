import { createParser } from "eventsource-parser";
import { type Dispatcher, request } from "undici";
import { isJsonObject, type JsonObject } from "../../json-object.ts";
import { keyHeaders } from "../key-headers.ts";
import type { Upstream } from "../upstream.ts";
import { type UpstreamWords, wordsOf } from "./upstream-words.ts";

/** Asks one upstream directly, past the queue, with the gateway's own key. */
export type UpstreamProbe = {
  readonly words: UpstreamWords;
  get(path: string): Promise<{ status: number; body: unknown; date: string | null }>;
  /**
   * A streamed chat; each event goes to `onEvent`, which ends the chat by returning false.
   * @returns the status
   */
  chat(model: string, maxTokens: number, onEvent: (event: JsonObject) => boolean): Promise<number>;
};

/** Longer answers are cut off: a list of models is far smaller. Bytes. */
const mostBytes = 8 * 2 ** 20;

/**
 * Asks through the upstream's own connections, so that proxy, certificates and time-outs are those
 * of the gateway. An answer may take `timeoutMs`, a chat six times as long.
 */
export function createUpstreamProbe(upstream: Upstream, timeoutMs: number): UpstreamProbe {
  const { origin, prefix, connections, type } = upstream;
  const words = wordsOf(type);
  const headers = { "content-type": "application/json", ...keyHeaders(upstream) };

  async function send(
    path: string,
    body: JsonObject | null,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    return await request(origin + prefix + path, {
      method: body === null ? "GET" : "POST",
      headers,
      body: body === null ? null : JSON.stringify(body),
      signal,
      dispatcher: connections.fresh,
      reset: true,
    });
  }

  return {
    words,
    async get(path) {
      const {
        statusCode,
        headers: answered,
        body,
      } = await send(path, null, AbortSignal.timeout(timeoutMs));
      const { date } = answered;
      return {
        status: statusCode,
        body: parsed(await textOf(body)),
        date: typeof date === "string" ? date : null,
      };
    },
    async chat(model, maxTokens, onEvent) {
      const signal = AbortSignal.timeout(timeoutMs * 6);
      const path = words.chatPath(model);
      const { max_tokens: most, ...rest } = words.chatBody(model, maxTokens);
      const first = most === undefined ? rest : { ...rest, max_tokens: most };
      let answer = await send(path, first, signal);
      if (answer.statusCode === 400 && most !== undefined) {
        await answer.body.dump();
        // OpenAI's newer models accept only this name.
        answer = await send(path, { ...rest, max_completion_tokens: most }, signal);
      }
      const { statusCode, body } = answer;
      if (statusCode !== 200) {
        await body.dump();
        return statusCode;
      }
      // Leaving the loop closes the connection.
      for await (const event of eventsIn(body)) if (!onEvent(event)) break;
      return statusCode;
    },
  };
}

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > mostBytes) break;
  }
  return Buffer.concat(chunks).toString();
}

async function* eventsIn(body: AsyncIterable<Buffer>): AsyncGenerator<JsonObject> {
  const events: JsonObject[] = [];
  const parser = createParser({
    onEvent({ data }) {
      const event = parsed(data);
      if (isJsonObject(event)) events.push(event);
    },
  });
  const decoder = new TextDecoder();
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > mostBytes) return;
    parser.feed(decoder.decode(chunk, { stream: true }));
    yield* events.splice(0);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
