import type { ServerResponse } from "node:http";
import { mayUseModel } from "../auth/may-use-model.ts";
import type { AllLines } from "../line/all-lines.ts";
import type { Health } from "../upstreams/health.ts";
import type { UpstreamLoads } from "../upstreams/model-loads.ts";
import type { Upstream } from "../upstreams/upstream.ts";
import { answerJson } from "./answer-json.ts";
import type { Viewer } from "./gateway-call.ts";

export type ShowUpstreamsParts = {
  lines: Pick<AllLines, "view" | "state" | "nextFreeSeconds">;
  /** Each upstream with its slots, and the models that it is known to list. */
  upstreamViews(): readonly UpstreamView[];
  /** Tokens a second of the latest generations of an upstream; null: not known. */
  speedOf(upstream: string): number | null;
  health: { readonly health: Pick<Health, "view"> };
};

export type UpstreamView = {
  readonly upstream: Upstream;
  readonly capacity: number;
  readonly active: number;
  /** Which its server lists, and whether each is in memory; null: it does not say. */
  readonly models: readonly { readonly id: string; readonly status: string | null }[];
  /** Null: not told. */
  readonly loads: UpstreamLoads | null;
};

/**
 * `GET /upstreams`: what the servers do now. Names, health and loads of models are for administrators; a
 * person sees numbers, and the models that they may use.
 */
export function showUpstreams(
  parts: ShowUpstreamsParts,
  viewer: Viewer,
  response: ServerResponse,
): void {
  const { lines } = parts;
  const { active, usable } = lines.view();
  const isFree = lines.state() === "open" && usable > active;
  answerJson(response, viewer.exchange, {
    object: "list",
    data: parts.upstreamViews().map((one) => shown(parts, viewer, one)),
    next_slot_seconds: isFree ? 0 : lines.nextFreeSeconds(),
  });
}

function shown(
  { speedOf, health }: ShowUpstreamsParts,
  { isAdmin, identity }: Viewer,
  { upstream, capacity, active, models, loads }: UpstreamView,
): object {
  const { name, kind } = upstream;
  const { up } = health.health.view(name);
  // llama.cpp's server lists one model, which is in memory; other servers list what they could load.
  const likely = kind === "llamacpp" && models.length === 1 && up === true ? true : null;
  const usable = models.filter(({ id }) => mayUseModel(identity.models, id));
  const admins = {
    name,
    health: up === null ? "unknown" : up ? "up" : "down",
    model_loads: loads && {
      count: loads.count,
      last: loads.last.map(({ model, at }) => ({ model, at: new Date(at).toISOString() })),
    },
  };
  return {
    ...(isAdmin ? admins : {}),
    capacity,
    active,
    models: usable.map(({ id, status }) => ({
      id,
      loaded: status === null ? likely : status === "loaded",
    })),
    tokens_per_second: speedOf(name),
  };
}
