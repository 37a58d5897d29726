import type { IncomingMessage, ServerResponse } from "node:http";
import { setIdentityHeaders } from "../answer/identity-headers.ts";
import type { Viewer } from "./gateway-call.ts";
import { showCredits, showGeneration, showKey } from "./openrouter-account.ts";
import {
  countModels,
  getModel,
  listEndpoints,
  listModels,
  listProviders,
  showModel,
} from "./openrouter-models.ts";
import type { OpenRouterParts, OpenRouterQuestion } from "./openrouter-parts.ts";

type Asking = (parts: OpenRouterParts, question: OpenRouterQuestion) => object | Promise<object>;

/**
 * What OpenRouter's clients read below /api/v1, in the order of matching; `*name` holds slashes.
 */
export const openRouterRoutes: readonly Readonly<{ path: string; ask: Asking }>[] = [
  { path: "/api/v1/models", ask: listModels },
  { path: "/api/v1/models/count", ask: countModels },
  { path: "/api/v1/models/user", ask: listModels },
  { path: "/api/v1/models/*name/endpoints", ask: listEndpoints },
  { path: "/api/v1/models/*name", ask: showModel },
  { path: "/api/v1/model/*name", ask: getModel },
  { path: "/api/v1/key", ask: showKey },
  { path: "/api/v1/auth/key", ask: showKey },
  { path: "/api/v1/credits", ask: showCredits },
  { path: "/api/v1/generation", ask: showGeneration },
  { path: "/api/v1/providers", ask: listProviders },
];

/** As much of Express's request as names a model; `*name` comes as its segments. */
type Named = IncomingMessage & { params: Readonly<Record<string, string | readonly string[]>> };

/** Answers one of `openRouterRoutes`; rejects with the GatewayError that it is answered with. */
export async function showOpenRouter(
  parts: OpenRouterParts,
  ask: Asking,
  { exchange, identity }: Viewer,
  request: Named,
  response: ServerResponse,
): Promise<void> {
  const { name = "" } = request.params;
  const query = new URLSearchParams(exchange.query);
  const question = { identity, query, name: typeof name === "string" ? name : name.join("/") };
  const body = Buffer.from(JSON.stringify(await ask(parts, question)));
  setIdentityHeaders(response, exchange);
  response.setHeader("cache-control", "no-store");
  response.setHeader("content-type", "application/json");
  response.setHeader("content-length", body.length);
  response.end(request.method === "HEAD" ? null : body);
}
