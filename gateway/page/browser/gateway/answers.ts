/** Shapes of the gateway's answers, as far as the page reads them. Never served. */

/** `GET /me` */
export type Me = {
  user: string;
  role: string;
  is_admin: boolean;
  is_public: boolean;
  key: { hint: string; expires: string | null } | null;
  keys: { id: string; hint: string; expires: string | null; disabled: boolean }[];
  models: string[];
  limits: LimitShown[];
  base_urls: { lan: string; tunnel: string | null };
  version: string;
  features: { wall?: boolean; try?: boolean; invites?: boolean; notify?: boolean };
};

/** A limit in `GET /limits` and `GET /me`. */
export type LimitShown = {
  metric: string;
  window_seconds: number;
  mode: string;
  limit: number;
  used: number;
  reserved: number;
  remaining: number;
  resets_at: string;
  resets_in_seconds: number;
};

/** One request in `GET /queue`; `user` only for administrators and one's own. */
export type Queued = {
  id: string;
  user: string;
  model: string;
  state: "waiting" | "running";
  position: number;
  of: number;
  eta_seconds: number | null;
  eta_low_seconds?: number | null;
  eta_high_seconds?: number | null;
  people_ahead?: number | null;
  requests_ahead?: number | null;
  waits_for?: "slot" | "model" | "pause" | "upstream" | null;
  since: string;
};

/** `GET /queue`, and each event of `GET /queue/events` */
export type Queue = {
  state: "open" | "paused" | "draining";
  waiting: number;
  active: number;
  capacity: number;
  usable: number;
  data: Queued[];
};

/** Models that an upstream loaded since the gateway started; `last`: newest first. */
export type LoadsShown = { count: number; last: { model: string; at: string }[] };

/** `GET /upstreams` */
export type Upstreams = {
  data: {
    name?: string;
    health?: string | null;
    /** For administrators; null: not told. */
    model_loads?: LoadsShown | null;
    capacity: number | null;
    active: number | null;
    models: { id: string; loaded: boolean | null }[];
    tokens_per_second: number | null;
  }[];
  next_slot_seconds: number | null;
};

/** A row of `GET /usage`; the grouped fields are there when asked for. */
export type UsageRow = {
  day?: string;
  hour?: string;
  user?: string;
  model?: string | null;
  requests: number;
  errors: number;
  cancelled: number;
  input_tokens: number | null;
  output_tokens: number | null;
  queue_ms: number | null;
  upstream_ms: number | null;
  cost: number | null;
};

/** `GET /usage` */
export type UsageReport = {
  from: string;
  to: string;
  tz: string;
  data: UsageRow[];
  total: UsageRow;
};

/** A row of `GET /me/requests` */
export type PastRequest = {
  id: string;
  model: string | null;
  state: string;
  status: number | null;
  error_code: string | null;
  started_at: string;
  queue_ms: number | null;
  first_token_ms: number | null;
  duration_ms: number | null;
  input_tokens: number | null;
  output_tokens: number | null;
  cost: number | null;
};

/** A page of `GET /me/requests` */
export type PastPage = { data: PastRequest[]; next_cursor: string | null };

/** `POST /me/listen` and `GET /me/listen` */
export type Heard = {
  until: string | null;
  request?: {
    at: string;
    method: string;
    path: string;
    header_names: string[];
    fields: { name: string; type: string }[];
    fault: string | null;
  } | null;
};

/** A user in `GET /users` */
export type User = {
  user: string;
  role: string;
  disabled: boolean;
  weight: number | null;
  priority: number | null;
  max_concurrent: number | null;
  max_queued: number | null;
  models: string[] | null;
  limits: unknown;
  speaks_for: unknown;
  keys: {
    id: string;
    hint: string | null;
    expires: string | null;
    disabled: boolean;
    note: string | null;
  }[];
};

/** `GET /fairness` */
export type Fairness = {
  window_seconds: number;
  jain: number | null;
  users: {
    user: string;
    weight: number;
    slot_seconds: number;
    share: number;
    wait_p50_seconds: number | null;
    wait_p95_seconds: number | null;
    requests: number;
    /** Had something waiting during the whole window: only these compete. */
    waited_throughout: boolean;
  }[];
  estimates: { coverage: number | null; count: number; median_error: number | null };
};

/** `GET /wall.json` */
export type Wall = { free: number; waiting: number; next_slot_seconds: number | null };
