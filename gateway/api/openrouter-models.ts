import { mayUseModel } from "../auth/may-use-model.ts";
import {
  isAsked,
  type ModelsAsked,
  openRouterEndpoints,
  openRouterModel,
  openRouterModels,
  slugOf,
} from "../dialects/openrouter/openrouter-model.ts";
import { type ModelFacts, modelFacts } from "../dialects/openrouter/openrouter-model-facts.ts";
import { GatewayError } from "../errors.ts";
import type { OpenRouterParts, OpenRouterQuestion } from "./openrouter-parts.ts";

/** `GET /api/v1/models`, and what a key may use: `GET /api/v1/models/user`. */
export async function listModels(
  parts: OpenRouterParts,
  question: OpenRouterQuestion,
): Promise<object> {
  return openRouterModels(await factsFor(parts, question), modelsAsked(question.query));
}

/** `GET /api/v1/models/count`. */
export async function countModels(
  parts: OpenRouterParts,
  question: OpenRouterQuestion,
): Promise<object> {
  const wanted = modelsAsked(question.query);
  const facts = await factsFor(parts, question);
  return { data: { count: facts.filter((one) => isAsked(one, wanted)).length } };
}

/** `GET /api/v1/models/{id}`, as clients of OpenAI's ask for one. */
export async function showModel(
  parts: OpenRouterParts,
  question: OpenRouterQuestion,
): Promise<object> {
  return openRouterModel(await factsOf(parts, question));
}

/** `GET /api/v1/model/{author}/{slug}`, as OpenRouter's own ask for one. */
export async function getModel(
  parts: OpenRouterParts,
  question: OpenRouterQuestion,
): Promise<object> {
  return { data: await showModel(parts, question) };
}

/** `GET /api/v1/models/{author}/{slug}/endpoints`. */
export async function listEndpoints(
  parts: OpenRouterParts,
  question: OpenRouterQuestion,
): Promise<object> {
  return { data: openRouterEndpoints(await factsOf(parts, question)) };
}

/** `GET /api/v1/providers`: the upstreams. */
export function listProviders({ providers }: OpenRouterParts): object {
  const unknown = { privacy_policy_url: null, terms_of_service_url: null, status_page_url: null };
  return { data: providers.map((name) => ({ name, slug: name, ...unknown })) };
}

/** The models that a key may use. */
async function factsFor(
  parts: OpenRouterParts,
  { identity }: OpenRouterQuestion,
): Promise<ModelFacts[]> {
  const { modelId, maxContextLength } = parts;
  const listed = await parts.listing();
  const one = listed.length === 1 ? listed[0] : undefined;
  return listed.flatMap((model) => {
    // Where there are several, one name cannot stand for all.
    const id = modelId !== null && model === one ? modelId : model.id;
    if (!mayUseModel(identity.models, id)) return [];
    const said = parts.said(id) ?? parts.said(model.id);
    return [modelFacts({ ...model, id }, said, parts.priceOf(id), maxContextLength)];
  });
}

/** The model that a path names: by its own name, or with its owner's in front. */
async function factsOf(parts: OpenRouterParts, question: OpenRouterQuestion): Promise<ModelFacts> {
  const all = await factsFor(parts, question);
  const found =
    all.find(({ id }) => id === question.name) ?? all.find((one) => slugOf(one) === question.name);
  if (found !== undefined) return found;
  throw new GatewayError("model_not_found", "There is no model with this name.", {
    param: "model",
  });
}

/** What a list is asked for; what of it we do not know is left aside, as OpenRouter does. */
function modelsAsked(query: URLSearchParams): ModelsAsked {
  const several = (name: string): string[] =>
    (query.get(name) ?? "").split(",").filter((one) => one !== "" && one !== "all");
  return {
    offset: wholeIn(query, "offset") ?? 0,
    limit: wholeIn(query, "limit"),
    search: (query.get("q") ?? "").toLowerCase(),
    inputs: several("input_modalities"),
    outputs: several("output_modalities"),
    parameters: several("supported_parameters"),
  };
}

function wholeIn(query: URLSearchParams, name: string): number | null {
  const text = query.get(name);
  if (text === null) return null;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new GatewayError("invalid_request", `${name} must be a whole number.`, { param: name });
}
