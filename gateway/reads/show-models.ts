import type { IncomingHttpHeaders } from "node:http";
import type { Identity } from "../auth/identity.ts";
import { GatewayError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { ListedModel } from "../upstreams/join-models.ts";

export type ShowModelsParts = {
  models: {
    /** The models that a key with these globs may use; null: all. */
    list(allowed: readonly string[] | null): Promise<readonly ListedModel[]>;
  };
};

/** Where models are listed, in OpenAI's form and in Gemini's; one model is below each. */
const openai = "/v1/models";
const gemini = "/v1beta/models";

/** True for the list of models, and for one model; an id may contain slashes. */
export function isModels({ method, path }: Pick<Exchange, "method" | "path">): boolean {
  return method === "GET" && [openai, gemini].some((list) => isAt(list, path));
}

const isAt = (list: string, path: string): boolean =>
  path === list || (path.startsWith(`${list}/`) && path.length > list.length + 1);

/**
 * Refuses a limited key what the upstream itself would answer about models: it does not know which
 * models the key may use. Throws 403.
 */
export function refuseModelPaths({ path }: Pick<Exchange, "path">): void {
  if (![openai, gemini].some((list) => path === list || path.startsWith(`${list}/`))) return;
  throw new GatewayError(
    "not_allowed",
    "This key may use only some models. GET /v1/models lists them.",
  );
}

/** The models a key may use, or one of them, as JSON. Throws 404 for any other model. */
export async function showModels(
  { models }: ShowModelsParts,
  { path }: Pick<Exchange, "path">,
  { models: allowed }: Pick<Identity, "models">,
  headers: IncomingHttpHeaders,
): Promise<string> {
  const usable = await models.list(allowed);
  const list = isAt(gemini, path) ? gemini : openai;
  const inGoogles = list === gemini || isFromGoogles(headers);
  const shown = inGoogles ? inGemini : (model: ListedModel): object => model;
  if (path === list) {
    const all = usable.map(shown);
    return JSON.stringify(inGoogles ? { models: all } : { object: "list", data: all });
  }
  const id = decodeURIComponent(path.slice(list.length + 1));
  const one = usable.find((model) => model.id === id);
  if (one !== undefined) return JSON.stringify(shown(one));
  throw new GatewayError("model_not_found", "There is no model with this name.", {
    param: "model",
  });
}

/** Google's own client also asks below `/v1`, with Google's header and no other. */
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
