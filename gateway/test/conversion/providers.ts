import type { ServerResponse } from "node:http";
import type { Family } from "../../dialects/dialect.ts";
import type { Handler, Seen } from "../support/mock-upstream.ts";
import type { Case } from "./cases.ts";
import { anthropicEvents, anthropicWhole } from "./provider-anthropic.ts";
import { geminiEvents, geminiWhole } from "./provider-gemini.ts";
import { ollamaEvents, openaiEvents, openaiWhole } from "./provider-openai.ts";

/** One kind of upstream, in its own words. */
export type TestProvider = {
  name: string;
  family: Family;
  events(one: Case): string[];
  whole(one: Case): object;
  /** An error of its own, as the body of an answer and as an event. */
  errorBody(status: number, message: string): object;
  errorEvent(message: string): string;
  /** Whether it tells cached tokens and tokens of thoughts. */
  tells: { cached: boolean; reasoning: boolean; signature: boolean };
};

const openaiError = (status: number, message: string): object => ({
  error: {
    message,
    type: status === 429 ? "rate_limit_error" : "server_error",
    param: null,
    code: null,
  },
});

export const providers: readonly TestProvider[] = [
  {
    name: "OpenAI chat",
    family: "openai",
    events: openaiEvents,
    whole: openaiWhole,
    errorBody: openaiError,
    errorEvent: (message) => `data: ${JSON.stringify(openaiError(500, message))}\n\n`,
    tells: { cached: true, reasoning: true, signature: false },
  },
  {
    name: "Ollama",
    family: "openai",
    events: ollamaEvents,
    whole: (one) => {
      const { usage, ...rest } = openaiWhole(one, "reasoning") as {
        usage: Record<string, unknown>;
      };
      const { prompt_tokens, completion_tokens, total_tokens } = usage;
      return { ...rest, usage: { prompt_tokens, completion_tokens, total_tokens } };
    },
    errorBody: (_status, message) => ({ error: { message, type: "api_error" } }),
    errorEvent: (message) => `data: ${JSON.stringify({ error: message })}\n\n`,
    tells: { cached: false, reasoning: false, signature: false },
  },
  {
    name: "Anthropic",
    family: "anthropic",
    events: anthropicEvents,
    whole: anthropicWhole,
    errorBody: (status, message) => ({
      type: "error",
      error: { type: status === 429 ? "rate_limit_error" : "api_error", message },
    }),
    errorEvent: (message) =>
      `event: error\ndata: ${JSON.stringify({ type: "error", error: { type: "overloaded_error", message } })}\n\n`,
    tells: { cached: true, reasoning: false, signature: true },
  },
  {
    name: "Gemini",
    family: "google",
    events: geminiEvents,
    whole: geminiWhole,
    errorBody: (code, message) => ({
      error: { code, message, status: code === 429 ? "RESOURCE_EXHAUSTED" : "INTERNAL" },
    }),
    errorEvent: (message) =>
      `data: ${JSON.stringify({ error: { code: 503, message, status: "UNAVAILABLE" } })}\r\n\r\n`,
    // Its proofs mean something to Gemini alone, and are replaced where they are missing.
    tells: { cached: true, reasoning: true, signature: false },
  },
];

/** How the bytes of a stream are cut for the network. */
export const splits = ["one byte", "seven bytes", "one event", "whole"] as const;
export type Split = (typeof splits)[number];

function cut(events: readonly string[], split: Split): Buffer[] {
  if (split === "one event") return events.map((event) => Buffer.from(event));
  const all = Buffer.from(events.join(""));
  const size = split === "one byte" ? 1 : split === "seven bytes" ? 7 : all.length;
  const out: Buffer[] = [];
  for (let at = 0; at < all.length; at += size) out.push(all.subarray(at, at + size));
  return out;
}

/** Writes each piece in a turn of its own, so that no two are one on the way. */
export async function send(
  response: ServerResponse,
  events: readonly string[],
  split: Split,
): Promise<void> {
  response.socket?.setNoDelay(true);
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const piece of cut(events, split)) {
    response.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export function asksForStream(seen: Seen): boolean {
  if (seen.url.includes(":streamGenerateContent")) return true;
  return (JSON.parse(seen.body.toString()) as { stream?: boolean }).stream === true;
}

/** The paths of each family; a real server knows no other. */
const knows: Readonly<Record<Family, (path: string) => boolean>> = {
  openai: (path) => path === "/v1/chat/completions",
  anthropic: (path) => path === "/v1/messages",
  google: (path) => /^\/v1(beta)?\/models\/[^/]+:(stream)?[gG]enerateContent/.test(path),
};

/** Answers every request with the case, in the provider's words. */
export function answering(provider: TestProvider, one: Case, split: Split): Handler {
  return async (seen, response) => {
    if (seen.method !== "POST" || !knows[provider.family](seen.url)) {
      response.writeHead(404, { "content-type": "application/json" });
      response.end(JSON.stringify(provider.errorBody(404, "Not found.")));
      return;
    }
    if (asksForStream(seen)) {
      await send(response, provider.events(one), split);
      response.end();
      return;
    }
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(provider.whole(one)));
  };
}
