import type { IncomingMessage, ServerResponse } from "node:http";
import type { Identity } from "../auth/identity.ts";
import type { Limits } from "../limits/limits.ts";
import type { ListedModel } from "../upstreams/join-models.ts";
import { keyIdOf } from "../users/key.ts";
import type { KeyEntry } from "../users/snapshot.ts";
import { answerJson } from "./answer-json.ts";
import { type BaseUrlParts, baseUrlsOf } from "./base-urls.ts";
import type { Viewer } from "./gateway-call.ts";

export type ShowMeParts = BaseUrlParts & {
  limits: Pick<Limits, "states">;
  /** The entries of a user in users.json, one for each key. */
  identitiesOf(user: string): readonly KeyEntry[];
  models: {
    /** The models that a key with these globs may use; null: all. */
    list(allowed: readonly string[] | null): Promise<readonly ListedModel[]>;
  };
  /** Whether the page for a wall is on. */
  wall: boolean;
  version: string;
};

/** `GET /me`: who asks, what they may use, and how to reach the gateway. */
export async function showMe(
  parts: ShowMeParts,
  viewer: Viewer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { exchange, identity, isAdmin } = viewer;
  const { user, role, digest } = identity;
  const keys = parts.identitiesOf(user).map(keyShown);
  const own = digest === null ? null : (keys.find(({ id }) => id === keyIdOf(digest)) ?? null);
  answerJson(response, exchange, {
    object: "me",
    user,
    role,
    is_admin: isAdmin,
    is_public: exchange.isPublic,
    key: own === null ? null : { hint: own.hint, expires: own.expires },
    keys,
    models: await modelsOf(parts, identity),
    limits: await parts.limits.states(identity, Date.now()),
    base_urls: baseUrlsOf(parts, request, exchange.isPublic),
    version: parts.version,
    features: { wall: parts.wall, try: true, invites: true, notify: identity.notify !== null },
  });
}

function keyShown({ digest, hint, expires, disabled }: KeyEntry) {
  const end = expires === null ? null : new Date(expires).toISOString();
  return { id: keyIdOf(digest), hint, expires: end, disabled };
}

/** None while no upstream tells its models. */
async function modelsOf(
  { models }: Pick<ShowMeParts, "models">,
  { models: allowed }: Pick<Identity, "models">,
): Promise<string[]> {
  const listed = await models.list(allowed).catch(() => []);
  return listed.map(({ id }) => id);
}
