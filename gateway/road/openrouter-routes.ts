import type { Identity } from "../auth/identity.ts";
import { showCredits, showGeneration, showKey } from "./openrouter-account.ts";
import {
  countModels,
  getModel,
  listEndpoints,
  listModels,
  listProviders,
  showModel,
} from "./openrouter-models.ts";
import type { OpenRouterAsked, OpenRouterParts } from "./openrouter-parts.ts";

type Asking = (parts: OpenRouterParts, asked: OpenRouterAsked) => object | Promise<object>;

const routes: ReadonlyMap<string, Asking> = new Map<string, Asking>([
  ["/v1/models", listModels],
  ["/v1/models/count", countModels],
  ["/v1/models/user", listModels],
  ["/v1/key", showKey],
  ["/v1/auth/key", showKey],
  ["/v1/credits", showCredits],
  ["/v1/generation", showGeneration],
  ["/v1/providers", listProviders],
]);

/** Before and behind a model's name, which may hold slashes of its own. */
const named: readonly (readonly [before: string, behind: string, ask: Asking])[] = [
  ["/v1/models/", "/endpoints", listEndpoints],
  ["/v1/models/", "", showModel],
  ["/v1/model/", "", getModel],
];

/**
 * What `GET /api/v1/…` answers in OpenRouter's words, as JSON; null for a path that it has no words
 * for. Rejects with a GatewayError.
 * @param path judged, without the `/api` of the alias
 */
export async function answerOpenRouter(
  parts: OpenRouterParts,
  identity: Identity,
  path: string,
  query: string,
): Promise<Buffer | null> {
  const found = findRoute(path);
  if (found === null) return null;
  const { ask, name } = found;
  const asked = { identity, name, query: new URLSearchParams(query) };
  return Buffer.from(JSON.stringify(await ask(parts, asked)));
}

function findRoute(path: string): { ask: Asking; name: string } | null {
  const exact = routes.get(path);
  if (exact !== undefined) return { ask: exact, name: "" };
  for (const [before, behind, ask] of named) {
    const fits = path.startsWith(before) && path.endsWith(behind);
    if (fits && path.length > before.length + behind.length) {
      const name = path.slice(before.length, path.length - behind.length);
      return { ask, name: decodeURIComponent(name) };
    }
  }
  return null;
}
