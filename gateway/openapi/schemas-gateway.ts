import { z } from "zod";
import type { Schemas } from "./schemas.ts";

const usable = z.int().describe("The part of the capacity on upstreams that are up.");

const lineState = z.enum(["open", "paused", "draining"]);

const status = z.enum(["ok", "draining", "no_keeper"]);

const cluster = z.object({
  role: z
    .enum(["keeper", "member", "none"])
    .describe("none: no gateway is known to keep the queue."),
  keeper: z.string().nullable().describe("Where the other gateways reach the keeper."),
  term: z.int().nullable().describe("Rises with each new keeper."),
  gateways: z.int().describe("Gateways that run, this one included."),
  trouble: z.string().nullable(),
});

const health = z.looseObject({
  status,
  version: z.string(),
  upstream: z.string().nullable(),
  findings: z
    .array(z.looseObject({ about: z.string(), says: z.string(), todo: z.string().nullable() }))
    .describe("What needs attention at the upstreams, as doctor says it."),
  upstream_state: z.looseObject({ state: z.enum(["unknown", "up", "down"]) }).nullable(),
  line: z
    .object({
      state: lineState,
      waiting: z.int(),
      active: z.int(),
      capacity: z.int(),
      usable,
    })
    .nullable()
    .describe("Null if another gateway of the cluster keeps the queue."),
  cluster: cluster.optional().describe("Only in a cluster of gateways."),
  users_file: z.looseObject({ ok: z.boolean(), users: z.int(), keys: z.int() }),
  ledger: z.looseObject({
    ok: z.boolean(),
    spooled: z.int(),
    dropped: z.int(),
    error: z.string().nullable(),
    notice: z.string().nullable().describe("What became of an earlier file, and when"),
  }),
});

const settings = z.looseObject({
  object: z.literal("settings"),
  config_file: z.string().nullable(),
  settings: z.record(
    z.string(),
    z.looseObject({
      value: z.unknown(),
      from: z.string().describe("default, .env, environment …"),
    }),
  ),
  sections: z.array(z.string()).describe("Upstreams, routes and models, as lines for people."),
});

const limit = z.looseObject({
  metric: z.string().describe("requests, tokens, upstream_seconds, cost"),
  window_seconds: z.number(),
  mode: z.enum(["refuse", "slow"]),
  limit: z.number(),
  used: z.number(),
  reserved: z.number().describe("Reserved for running requests."),
  remaining: z.number(),
  resets_at: z.iso.datetime(),
  resets_in_seconds: z.number(),
});

const limits = z.looseObject({
  object: z.literal("limits"),
  user: z.string(),
  limits: z.array(limit),
  keys: z
    .array(z.looseObject({ key: z.string(), limits: z.array(limit) }))
    .optional()
    .describe("For each key (first characters), if the user has several keys."),
});

const wall = z.object({
  object: z.literal("wall"),
  free: z.int().describe("Slots that are free now."),
  waiting: z.int().describe("Requests that wait."),
  next_slot_seconds: z.number().nullable().describe("0 if a slot is free; null if unknown."),
});

const queued = z.looseObject({
  id: z.string(),
  user: z.string(),
  model: z.string(),
  state: z.enum(["waiting", "running"]),
  position: z.int().describe("1 is next; 0 is running."),
  of: z.int(),
  eta_seconds: z.number().nullable(),
  eta_low_seconds: z.number().nullable().describe("Four of five waits end within this range."),
  eta_high_seconds: z.number().nullable(),
  requests_ahead: z.int().describe("Waiting requests before it."),
  people_ahead: z.int().describe("Other people with waiting requests before it."),
  waits_for: z.enum(["slot", "model", "pause", "upstream"]).nullable(),
  since: z.iso.datetime(),
});

const queue = z.looseObject({
  object: z.literal("list"),
  state: lineState,
  waiting: z.int(),
  active: z.int(),
  capacity: z.int(),
  usable,
  data: z.array(queued).describe("Your own requests; an administrator gets all requests."),
});

const queueDeleted = z.looseObject({
  id: z.string(),
  object: z.literal("queue.deleted"),
  deleted: z.literal(true),
  was: z.enum(["waiting", "running"]),
});

export const gatewaySchemas: Schemas = {
  Health: health,
  Ready: z.object({ status }),
  Settings: settings,
  Limits: limits,
  Queue: queue,
  QueueDeleted: queueDeleted,
  Wall: wall,
};
