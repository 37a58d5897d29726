import type { IncomingHttpHeaders } from "node:http";
import type { Identity } from "../auth/identity.ts";
import { GatewayError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { RoadParts } from "../generation/parts.ts";
import type { ListedModel } from "../upstreams/join-models.ts";

/** Where models are listed, in OpenAI's form and in Gemini's; below each is one of them. */
const openai = "/v1/models";
const gemini = "/v1beta/models";

/** A list of models, or one; an id may have slashes of its own. */
export function isModels({ method, path }: Pick<Exchange, "method" | "path">): boolean {
  return method === "GET" && [openai, gemini].some((list) => isAt(list, path));
}

const isAt = (list: string, path: string): boolean =>
  path === list || (path.startsWith(`${list}/`) && path.length > list.length + 1);

/**
 * The upstream's own list, and what deletes from it, know nothing of what a key may use. Throws
 * 403.
 */
export function refuseModelPaths({ path }: Pick<Exchange, "path">): void {
  if (![openai, gemini].some((list) => path === list || path.startsWith(`${list}/`))) return;
  throw new GatewayError(
    "not_allowed",
    "This key may use only some models. GET /v1/models lists them.",
  );
}

/** The models a key may use, or one of them, as JSON; throws 404 for one that is not among them. */
export async function showModels(
  { models }: Pick<RoadParts, "models">,
  { path }: Pick<Exchange, "path">,
  { models: allowed }: Pick<Identity, "models">,
  headers: IncomingHttpHeaders,
): Promise<string> {
  const found = await models.list(allowed);
  const list = isAt(gemini, path) ? gemini : openai;
  const isGoogles = list === gemini || isFromGoogles(headers);
  const shown = isGoogles ? inGemini : (model: ListedModel): object => model;
  if (path === list) {
    const all = found.map(shown);
    return JSON.stringify(isGoogles ? { models: all } : { object: "list", data: all });
  }
  const id = decodeURIComponent(path.slice(list.length + 1));
  const one = found.find((model) => model.id === id);
  if (one !== undefined) return JSON.stringify(shown(one));
  throw new GatewayError("model_not_found", "There is no model with this name.", {
    param: "model",
  });
}

/** Google's own client asks below `/v1` too, with its own header and no other. */
function isFromGoogles(headers: IncomingHttpHeaders): boolean {
  const { authorization, "x-api-key": key, "x-goog-api-key": googles } = headers;
  return googles !== undefined && authorization === undefined && key === undefined;
}

/** As Google's `ListModels` has it (ai.google.dev/api/models). */
function inGemini({ id }: ListedModel): object {
  return {
    name: `models/${id}`,
    displayName: id,
    supportedGenerationMethods: ["generateContent", "streamGenerateContent", "countTokens"],
  };
}
