import type { Family } from "../dialects/dialect.ts";
import type { CountBodies } from "../dialects/hub/count-bodies.ts";
import type { JsonObject } from "../json-object.ts";
import type { StopSignal } from "../stop-signal.ts";
import { answeredObject } from "./answered-object.ts";
import { collect } from "./collect.ts";
import { convertedHeaders } from "./converted-headers.ts";
import type { Outbound } from "./forward.ts";
import type { Upstream } from "./upstream.ts";

/** A prompt and its tokens, as JSON. Bytes. */
const maxAnswer = 64 * 1024 * 1024;

/** Asks the upstream for one JSON answer. Rejects like `forward`. */
async function askJson(
  upstream: Upstream,
  outbound: Outbound,
  path: string,
  body: Uint8Array,
  signal: StopSignal,
): Promise<JsonObject> {
  const request = {
    ...outbound,
    method: "POST",
    path: upstream.prefix + path,
    headers: convertedHeaders(outbound.headers, { "content-type": "application/json" }),
    body: Buffer.from(body),
    // No kept connection can have died under it.
    fresh: true,
  };
  return answeredObject((await collect(upstream, request, signal, maxAnswer)).bytes);
}

/** The count of an upstream that can count, null where it cannot. */
async function counted(
  { google, template }: CountBodies,
  upstream: Upstream,
  ask: (path: string, body: Uint8Array) => Promise<JsonObject>,
): Promise<number | null> {
  if (google !== null) {
    const { totalTokens } = await ask(google.path, google.body);
    return typeof totalTokens === "number" ? totalTokens : null;
  }
  if (template === null || upstream.kind !== "llamacpp") return null;
  const { prompt } = await ask("/apply-template", template);
  const content = typeof prompt === "string" ? prompt : "";
  const question = { content, add_special: true, parse_special: true };
  const { tokens } = await ask("/tokenize", Buffer.from(JSON.stringify(question)));
  return Array.isArray(tokens) ? tokens.length : null;
}

/**
 * Answers Anthropic's `count_tokens` for an upstream of another dialect: by what it counts itself
 * (Gemini, llama.cpp), else by `estimate` of the characters of all texts. `count` writes the question. Resolves with the answer's JSON; rejects
 * with a GatewayError or with `signal.reason`.
 */
export async function countConverted(
  upstream: Upstream,
  outbound: Outbound,
  count: (family: Family) => Promise<CountBodies>,
  estimate: (chars: number) => number,
  signal: StopSignal,
): Promise<number> {
  const request = await count(upstream.family);
  const own = await counted(request, upstream, (path, json) =>
    askJson(upstream, outbound, path, json, signal),
  );
  return own ?? estimate(request.chars);
}
