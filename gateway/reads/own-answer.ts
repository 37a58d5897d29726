import type { IncomingMessage, ServerResponse } from "node:http";
import type { Identity } from "../auth/identity.ts";
import { dialects } from "../dialects/all.ts";
import { parseObject } from "../dialects/json/json-body.ts";
import type { Exchange } from "../exchange.ts";
import type { JsonObject } from "../json-object.ts";
import type { BodyReader } from "../limits/body.ts";
import type { ShowModelsParts } from "./show-models.ts";

export type OwnAnswerParts = ShowModelsParts & { bodies: Pick<BodyReader, "read"> };

/**
 * The gateway's own answer to a read of a dialect that passes none on, as JSON; null for other
 * dialects. Rejects with the error for the client.
 */
export async function ownAnswer(
  parts: OwnAnswerParts,
  request: IncomingMessage,
  response: ServerResponse,
  { exchange, identity }: { exchange: Exchange; identity: Identity },
): Promise<string | null> {
  const { own } = dialects[exchange.dialect];
  if (own === null) return null;
  const { method, path } = exchange;
  const reads = own.readsBody(method, path);
  const body = reads ? await bodyOf(parts, request, response, { exchange, identity }) : null;
  const models = await parts.models.list(identity.models);
  return JSON.stringify(own.answer({ method, path, body, models }));
}

async function bodyOf(
  { bodies }: Pick<OwnAnswerParts, "bodies">,
  request: IncomingMessage,
  response: ServerResponse,
  { exchange, identity }: { exchange: Exchange; identity: Identity },
): Promise<JsonObject> {
  const { user } = identity;
  const { signal } = exchange;
  const { bytes, free } = await bodies.read(request, response, { user, signal });
  try {
    return parseObject(bytes);
  } finally {
    free();
  }
}
