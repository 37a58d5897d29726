/**
 * Every error a client can meet: its HTTP status and the `type` of OpenAI's error object.
 * `errors` of each dialect turns a GatewayError into a body.
 */
export const errorCodes = {
  invalid_request: { status: 400, type: "invalid_request_error" },
  invalid_json: { status: 400, type: "invalid_request_error" },
  invalid_path: { status: 400, type: "invalid_request_error" },
  invalid_api_key: { status: 401, type: "authentication_error" },
  key_in_query: { status: 401, type: "authentication_error" },
  invalid_user_assertion: { status: 401, type: "authentication_error" },
  not_allowed: { status: 403, type: "permission_error" },
  not_found: { status: 404, type: "not_found_error" },
  invalid_invite: { status: 404, type: "not_found_error" },
  model_not_found: { status: 404, type: "invalid_request_error" },
  body_timeout: { status: 408, type: "invalid_request_error" },
  conflict: { status: 409, type: "invalid_request_error" },
  invite_expired: { status: 410, type: "invalid_request_error" },
  body_too_large: { status: 413, type: "request_too_large" },
  unsupported_encoding: { status: 415, type: "invalid_request_error" },
  unknown_host: { status: 421, type: "invalid_request_error" },
  rate_limit_exceeded: { status: 429, type: "rate_limit_error" },
  client_closed: { status: 499, type: "client_closed_request" },
  /** With this type the AI SDK does not send again what an administrator has removed. */
  cancelled: { status: 499, type: "invalid_request_error" },
  internal_error: { status: 500, type: "server_error" },
  not_supported: { status: 501, type: "not_supported_error" },
  upstream_unreachable: { status: 502, type: "server_error" },
  upstream_error: { status: 502, type: "server_error" },
  upstream_auth: { status: 502, type: "server_error" },
  users_file_unusable: { status: 503, type: "server_error" },
  ledger_busy: { status: 503, type: "server_error" },
  queue_full: { status: 503, type: "server_error" },
  memory_full: { status: 503, type: "server_error" },
  no_keeper: { status: 503, type: "server_error" },
  shutting_down: { status: 503, type: "server_error" },
  /** The gateway that keeps the queue was not heard of for too long, so the slot may be another's. */
  slot_lost: { status: 503, type: "server_error" },
  upstream_loading: { status: 503, type: "server_error" },
  upstream_timeout: { status: 504, type: "server_error" },
  overloaded: { status: 529, type: "overloaded_error" },
  /** An upstream's own 4xx: `status` and `type` come with the error. */
  upstream_rejected: { status: 400, type: "invalid_request_error" },
} as const;

export type ErrorCode = keyof typeof errorCodes;

export type ErrorOptions = {
  /** Replaces the table's status (an upstream's own 4xx). */
  status?: number;
  type?: string;
  /** The code shown to the client where it differs (an upstream's own). */
  shownCode?: string;
  /** The field at fault, as a path: `messages[2].content`. */
  param?: string | null;
  /** The name of the model that nobody serves. */
  model?: string;
  /** Answered as headers, e.g. `{"retry-after": "5"}`; names in lower case. */
  headers?: Readonly<Record<string, string>>;
  /** Further fields of the error object, e.g. llama-server's `n_ctx`. */
  extra?: Readonly<Record<string, unknown>>;
  cause?: unknown;
};

/**
 * The one error that travels; rendered once, in the client's dialect. Never holds a key or a
 * prompt.
 */
export class GatewayError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly type: string;
  readonly shownCode: string;
  readonly param: string | null;
  readonly model: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "GatewayError";
    this.code = code;
    this.status = options.status ?? errorCodes[code].status;
    this.type = options.type ?? errorCodes[code].type;
    this.shownCode = options.shownCode ?? code;
    this.param = options.param ?? null;
    this.model = options.model ?? null;
    this.headers = isFinal(this.status)
      ? { ...final, ...options.headers }
      : (options.headers ?? {});
    this.extra = options.extra ?? {};
  }
}

/** A refused key stays refused. Without this Claude Code tries ten times, and shows nothing. */
const final: Readonly<Record<string, string>> = { "x-should-retry": "false" };

const isFinal = (status: number): boolean => status === 401 || status === 403;

/** For new and waiting requests while the gateway stops or drains its queue. */
export const shuttingDown = (): GatewayError =>
  new GatewayError(
    "shutting_down",
    "The gateway is shutting down or draining its queue. Try again in a few seconds.",
    {
      headers: { "retry-after": "5" },
    },
  );

/** For a generation that may not use its slot any more. */
export const slotLost = (): GatewayError =>
  new GatewayError(
    "slot_lost",
    "This gateway lost its slot, because it no longer heard the gateway that keeps the queue. Try again.",
    { headers: { "retry-after": "5" } },
  );
