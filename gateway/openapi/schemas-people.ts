import { z } from "zod";
import type { Schemas } from "./schemas.ts";

const time = z.iso.datetime();
const list = <Item extends z.ZodType>(item: Item) =>
  z.looseObject({ object: z.literal("list"), data: z.array(item) });

const shownKey = z.looseObject({
  id: z.string().describe("No secret: 16 digits of the key's SHA-256."),
  hint: z.string().describe("The key's first characters."),
  expires: time.nullable(),
  disabled: z.boolean(),
});

const me = z.looseObject({
  object: z.literal("me"),
  user: z.string(),
  role: z.string(),
  is_admin: z.boolean().describe("False from outside, unless PUBLIC_ADMIN is on."),
  is_public: z.boolean().describe("The request came through the tunnel."),
  key: z
    .object({ hint: z.string(), expires: time.nullable() })
    .nullable()
    .describe("The key of this request; null if another way in was used."),
  keys: z.array(shownKey),
  models: z.array(z.string()),
  limits: z.array(z.looseObject({ metric: z.string(), limit: z.number(), used: z.number() })),
  base_urls: z.object({ lan: z.string(), tunnel: z.string().nullable() }),
  version: z.string(),
  features: z.looseObject({
    wall: z.boolean(),
    try: z.boolean(),
    invites: z.boolean(),
    notify: z.boolean().describe("Whether X-Notify: done can tell you of a request's end."),
  }),
});

const ms = z.int().nullable();
const count = z.int().nullable();

const pastRequest = z.looseObject({
  id: z.string(),
  request_id: z.string(),
  model: z.string().nullable(),
  served_model: z.string().nullable().describe("Where it is not the one in the request."),
  upstream: z.string(),
  dialect: z.string(),
  streamed: z.boolean(),
  state: z.enum(["open", "done", "failed", "cancelled", "interrupted"]),
  status: count,
  error_code: z.string().nullable(),
  started_at: time,
  queue_ms: ms,
  first_token_ms: ms,
  upstream_ms: ms,
  duration_ms: ms,
  input_tokens: count,
  output_tokens: count,
  cached_tokens: count,
  reasoning_tokens: count,
  cost: z.number().nullable().describe("US dollars."),
});

const change = z.looseObject({
  at: time,
  who: z.string().describe("A user's name; (start) for settings, (invite) for a used invite."),
  action: z.string().describe("user.change, key.rotate, invite.make, queue.pause …"),
  subject: z.string().describe("The user's name, or the id of a request."),
  before: z.looseObject({}).nullable().describe("What differs, as it was; null: it did not exist."),
  after: z.looseObject({}).nullable(),
});

const sums = {
  requests: z.int(),
  errors: z.int(),
  cancelled: z.int(),
  interrupted: z.int(),
  input_tokens: z.int(),
  output_tokens: z.int(),
  cached_tokens: z.int().describe("Part of input_tokens."),
  reasoning_tokens: z.int().describe("Part of output_tokens."),
  unmetered: z.int().describe("Requests with unknown tokens, which are not in these sums."),
  queue_ms: z.int(),
  upstream_ms: z.int(),
  duration_ms: z.int(),
  cost: z.number().nullable().describe("US dollars; null if no request has a known cost."),
  unpriced: z.int().describe("Requests with an unknown cost, which are not in the cost."),
};

const usage = z.looseObject({
  object: z.literal("usage"),
  from: time,
  to: time,
  tz: z.string(),
  utc_before: time.nullable().describe("Days before this time are UTC days; null: none are."),
  group: z.array(z.string()),
  data: z.array(z.looseObject(sums)).describe("One for each group, with the group's fields."),
  total: z.looseObject(sums),
});

const personFields = {
  role: z.string().nullish(),
  disabled: z.boolean().nullish(),
  weight: z.number().nullish().describe("The share of the queue; 2 is double."),
  priority: z.int().nullish().describe("Higher numbers start first."),
  max_concurrent: z.int().nullish(),
  max_queued: z.int().nullish(),
  models: z.array(z.string()).nullish().describe("Globs of the models they may use."),
  limits: z.looseObject({}).nullish().describe("As in users.json."),
  notify: z
    .string()
    .nullish()
    .describe("Where they are told of limits and of requests that are done."),
};
const keyFields = {
  expires: z.string().nullish().describe("The end of the key: 2030-01-31."),
  note: z.string().max(200).nullish().describe("For administrators."),
};

const person = z.looseObject({
  user: z.string(),
  role: z.string(),
  disabled: z.boolean(),
  weight: z.number(),
  priority: z.int(),
  max_concurrent: z.int().nullable(),
  max_queued: z.int().nullable(),
  models: z.array(z.string()).nullable(),
  limits: z.looseObject({}).nullable(),
  notify: z.string().nullable().describe("Without its secret: ntfy at ntfy.sh (3f9a1c)."),
  speaks_for: z.unknown().describe("The people behind this user's key; null: nobody."),
  keys: z.array(shownKey.extend({ note: z.string().nullable() })),
});

const newKey = z.looseObject({
  object: z.literal("key"),
  user: z.string(),
  id: z.string(),
  hint: z.string(),
  key: z.string().describe("Shown this once."),
});

const invite = z.looseObject({
  object: z.literal("invite"),
  id: z.string(),
  user: z.string(),
  expires: time,
});

const seconds = z.number().nullable();

const upstreamList = list(
  z.looseObject({
    name: z.string().optional(),
    health: z.enum(["unknown", "up", "down"]).optional(),
    model_loads: z
      .object({ count: z.int(), last: z.array(z.object({ model: z.string(), at: z.string() })) })
      .nullable()
      .optional()
      .describe(
        "Since the start, as the queue knows, or as the server's list shows whenever somebody asks for it; null where neither tells.",
      ),
    capacity: z.int(),
    active: z.int(),
    models: z.array(z.object({ id: z.string(), loaded: z.boolean().nullable() })),
    tokens_per_second: z.number().nullable(),
  }),
).extend({ next_slot_seconds: seconds });

const fairness = z.looseObject({
  object: z.literal("fairness"),
  window_seconds: z.number(),
  jain: z.number().nullable().describe("1 is fair; null below two users with a backlog."),
  users: z.array(
    z.looseObject({
      user: z.string(),
      weight: z.number(),
      slot_seconds: z.number(),
      share: z.number(),
      wait_p50_seconds: seconds,
      wait_p95_seconds: seconds,
      requests: z.int(),
      waited_throughout: z.boolean().describe("Counts for jain."),
    }),
  ),
  estimates: z.object({
    coverage: z.number().nullable().describe("The part of the waits within their range; goal 0.8."),
    count: z.int(),
    median_error: seconds,
  }),
});

const heard = z.looseObject({
  until: time.nullable().describe("Null: nobody listens."),
  request: z
    .looseObject({
      at: time,
      method: z.string(),
      path: z.string(),
      header_names: z.array(z.string()),
      fields: z.array(z.object({ name: z.string(), type: z.string() })),
      fault: z.string().nullable().describe("What was wrong with the request."),
    })
    .nullish(),
});

const deleted = <Name extends string>(name: Name) =>
  z.looseObject({ object: z.literal(`${name}.deleted`), deleted: z.literal(true) });

export const peopleSchemas: Schemas = {
  Me: me,
  Heard: heard,
  PastRequests: list(pastRequest).extend({ next_cursor: z.string().nullable() }),
  Usage: usage,
  UpstreamList: upstreamList,
  Fairness: fairness,
  People: list(person),
  Person: person,
  NewPerson: z.object({ user: z.string(), ...personFields, ...keyFields }),
  NewPersonAnswer: person.extend({ key: z.string().describe("Shown this once.") }),
  PersonFields: z.object(personFields),
  PersonDeleted: deleted("user").extend({ user: z.string() }),
  KeyFields: z.object(keyFields),
  NewKey: newKey,
  KeyDeleted: deleted("key").extend({ user: z.string(), id: z.string() }),
  Rotation: z.object({ grace: z.string().optional().describe("30m, 24h (usual), 7d or 0.") }),
  Changes: list(change).extend({ next_cursor: z.string().nullable() }),
  Invites: list(invite),
  NewInvite: z.object({
    user: z.string(),
    ...personFields,
    note: keyFields.note,
    expires_in: z.string().optional().describe("How long it works: 7d (usual)."),
    base: z.enum(["lan", "tunnel"]).optional().describe("The address in the link."),
  }),
  NewInviteAnswer: invite.extend({ url: z.string().describe("Shown this once.") }),
  Redemption: z.object({ secret: z.string() }),
  Redeemed: z.looseObject({ user: z.string(), key: z.string(), hint: z.string() }),
  InviteDeleted: deleted("invite").extend({ id: z.string() }),
};
