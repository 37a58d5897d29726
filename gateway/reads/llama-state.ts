import type { Identity } from "../auth/identity.ts";
import { GatewayError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { refuseOtherModels } from "../generation/refuse-other-models.ts";
import { isJsonObject, type JsonObject, jsonOrNull } from "../json-object.ts";
import { ask } from "../upstreams/ask.ts";
import { type Destination, modelAt, type PoolMember } from "../upstreams/destination.ts";
import { publicFields } from "../upstreams/public-fields.ts";
import type { Upstream } from "../upstreams/upstream.ts";

export type LlamaStateParts = {
  /** Where a model is served; throws as `GenerationParts.route` does. */
  route(model: string | null, allowed: readonly string[] | null): Destination;
  /** The model decides which upstream answers. */
  hasManyModels: boolean;
  /** The upstream for reads that name no model. */
  reads(): PoolMember;
  /** True if outside requests keep the rights of an administrator. */
  publicAdmin: boolean;
};

/** What clients may know of `/props`: nothing of the machine, its files or its flags. */
const publicProps: ReadonlySet<string> = new Set([
  ...["total_slots", "model_alias", "chat_template", "chat_template_caps", "modalities"],
  ...["bos_token", "eos_token", "build_info", "is_sleeping", "default_generation_settings"],
]);

/** What administrators see of a slot: no prompt, and no text of an answer. */
const publicSlot: ReadonlySet<string> = new Set([
  ...["id", "id_task", "n_ctx", "speculative", "is_processing", "next_token"],
]);

const timeoutMs = 5_000;

const picked = (value: unknown, names: ReadonlySet<string>): JsonObject => {
  const fields = isJsonObject(value) ? Object.entries(value) : [];
  return Object.fromEntries(fields.filter(([name]) => names.has(name)));
};

/** True for `/props` and `/slots`, which the gateway answers itself. */
export const isLlamaState = ({ path }: Pick<Exchange, "path">): boolean =>
  path === "/props" || path === "/slots";

/**
 * `GET /props` for every key, `GET /slots` for administrators, as JSON; `?model=` says of which
 * model's upstream. Rejects with the error for the client.
 */
export async function llamaState(
  parts: LlamaStateParts,
  { method, path, query, isPublic }: Exchange,
  identity: Identity,
): Promise<string> {
  if (method !== "GET" && method !== "HEAD") {
    throw new GatewayError("not_found", `The gateway has only GET ${path}.`);
  }
  const isAdmin = identity.role === "admin" && (!isPublic || parts.publicAdmin);
  if (path === "/slots" && !isAdmin) {
    throw new GatewayError("not_allowed", "Only an administrator on the LAN may see the slots.");
  }
  const model = new URLSearchParams(query).get("model");
  const { upstream, name } = upstreamOf(parts, model, identity);
  const asked = name === null ? "" : `?model=${encodeURIComponent(name)}`;
  const { bytes } = await ask(upstream, `${path}${asked}`, timeoutMs);
  const value = jsonOrNull(bytes.toString());
  if (path === "/props") return JSON.stringify(publicFields(picked(value, publicProps)));
  const slots = Array.isArray(value) ? value : [];
  return JSON.stringify(slots.map((slot) => picked(slot, publicSlot)));
}

function upstreamOf(
  parts: LlamaStateParts,
  model: string | null,
  identity: Identity,
): { upstream: Upstream; name: string | null } {
  if (model === null && !parts.hasManyModels && identity.models === null) {
    return { upstream: parts.reads().upstream, name: null };
  }
  refuseOtherModels(identity, model);
  const destination = parts.route(model, identity.models);
  const { upstream } = destination.first;
  return { upstream, name: modelAt(destination, upstream) ?? model };
}
