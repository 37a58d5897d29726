import { type DialectName, dialects } from "../dialects/all.ts";
import type { TargetName } from "../dialects/hub/target.ts";
import { GatewayError } from "../errors.ts";
import type { Upstream, UpstreamApi } from "./upstream.ts";

/**
 * Whether a request of this dialect may pass as it is. Servers of the OpenAI family may know
 * Messages and Responses too: that is assumed until one has shown otherwise, or is said to have one
 * API alone.
 */
export function isNative(upstream: Upstream, dialect: DialectName): boolean {
  const { family, api, lacks, isOllama } = upstream;
  const { native, onlyOllama } = dialects[dialect].upstreams;
  if (onlyOllama && isOllama !== true) return false;
  if (api !== "auto" && hasOtherForms(dialect)) return dialect === api;
  return native.includes(family) && !lacks.has(dialect);
}

/** True for what chat, Responses and Messages all can do: to go on with a conversation. */
function hasOtherForms(dialect: DialectName): boolean {
  const { prompt, upstreams } = dialects[dialect];
  return prompt.generates && upstreams.conversion !== null;
}

/** Whether the upstream can be asked for this in another dialect. */
export function isConvertible(upstream: Upstream, dialect: DialectName, path: string): boolean {
  const { family, api, type } = upstream;
  const { conversion, ownOf } = dialects[dialect].upstreams;
  if (conversion === null || !conversion.takes(path)) return false;
  if (api !== "auto" && hasOtherForms(dialect)) return dialect !== api;
  // OpenAI itself has two APIs, and each can do what the other cannot.
  return ownOf !== family || (type === "openai" && hasOtherForms(dialect));
}

/** Whether the upstream can be asked at all. */
export function canServe(upstream: Upstream, dialect: DialectName, path: string): boolean {
  return isNative(upstream, dialect) || isConvertible(upstream, dialect, path);
}

const targets: Readonly<Record<Exclude<UpstreamApi, "auto">, TargetName>> = {
  chat: "openai",
  responses: "responses",
  messages: "anthropic",
};

/** Models of OpenAI that take tools, or anything at all, in Responses only. */
const toolsInResponses = /^gpt-(?:5\.[4-9]|5\.\d\d|[6-9])/;
const onlyInResponses = /^(?:o\d|gpt-\d).*-(?:pro|codex)/;

/** In which API to ask an upstream that does not get the client's own request. */
export function targetFor(
  { family, api, type }: Upstream,
  asked: { model: string; dialect: DialectName; hasTools(): boolean },
): TargetName {
  const { model, dialect } = asked;
  if (!hasOtherForms(dialect)) return family;
  if (api !== "auto") return targets[api];
  if (type !== "openai") return family;
  // A client of Responses is here because the upstream lacks them, one of chat because it has them.
  if (targets.responses === dialect) return family;
  if (dialects[dialect].upstreams.ownOf === family) return "responses";
  const isNeeded =
    onlyInResponses.test(model) || (toolsInResponses.test(model) && asked.hasTools());
  return isNeeded ? "responses" : family;
}

/** How servers answer a path that they do not know, or do not take. */
const unknownPath: ReadonlySet<number> = new Set([404, 405, 501]);

/** Whether an upstream's error may mean that it does not know this path. */
export function lacksPath(error: unknown): boolean {
  return error instanceof GatewayError && unknownPath.has(error.status);
}
