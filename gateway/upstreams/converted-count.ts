import { type CountRequest, countRequest } from "../dialects/hub/count-tokens.ts";
import { parseObject } from "../dialects/json/json-body.ts";
import { mostConvertedValues } from "../dialects/json/json-shape.ts";
import type { JsonObject } from "../json-object.ts";
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
  body: JsonObject,
  signal: AbortSignal,
): Promise<JsonObject> {
  const request = {
    ...outbound,
    method: "POST",
    path: upstream.prefix + path,
    headers: convertedHeaders(outbound.headers, { "content-type": "application/json" }),
    body: Buffer.from(JSON.stringify(body)),
    // No kept connection can have died under it.
    fresh: true,
  };
  return answeredObject((await collect(upstream, request, signal, maxAnswer)).bytes);
}

/** The count of an upstream that can count, null where it cannot. */
async function counted(
  { google, template }: CountRequest,
  upstream: Upstream,
  ask: (path: string, body: JsonObject) => Promise<JsonObject>,
): Promise<number | null> {
  if (google !== null) {
    const { totalTokens } = await ask(google.path, google.body);
    return typeof totalTokens === "number" ? totalTokens : null;
  }
  if (template === null || upstream.kind !== "llamacpp") return null;
  const { prompt } = await ask("/apply-template", template);
  const content = typeof prompt === "string" ? prompt : "";
  const { tokens } = await ask("/tokenize", { content, add_special: true, parse_special: true });
  return Array.isArray(tokens) ? tokens.length : null;
}

/**
 * Answers Anthropic's `count_tokens` for an upstream of another dialect: by what it counts itself
 * (Gemini, llama.cpp), else by `estimate` of all texts. Resolves with the answer's JSON; rejects
 * with a GatewayError or with `signal.reason`.
 */
export async function countConverted(
  upstream: Upstream,
  outbound: Outbound,
  model: string,
  estimate: (text: string) => number | Promise<number>,
  signal: AbortSignal,
): Promise<number> {
  const bytes = Buffer.isBuffer(outbound.body) ? outbound.body : Buffer.alloc(0);
  const body = parseObject(bytes, mostConvertedValues);
  const request = await countRequest(body, { family: upstream.family, model });
  const own = await counted(request, upstream, (path, json) =>
    askJson(upstream, outbound, path, json, signal),
  );
  return own ?? (await estimate(request.texts.join("\n")));
}
