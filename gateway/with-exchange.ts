import type { IncomingMessage, ServerResponse } from "node:http";
import { refuse } from "./answer/refuse.ts";
import type { Identity } from "./auth/identity.ts";
import { GatewayError, shuttingDown } from "./errors.ts";
import {
  ClientLeft,
  createExchange,
  type Doors,
  type Exchange,
  type ExchangeTarget,
} from "./exchange.ts";
import type { Trace, Tracer } from "./middlewares/trace.ts";
import { ExchangeStop, type StopControl } from "./stop-signal.ts";
import type { Ear } from "./telemetry/ear.ts";
import type { Telemetry } from "./telemetry/events.ts";

/** What the frame of an exchange needs. */
export type FrameParts = {
  /** Finds out who asks; a promise only for tokens. Throws or rejects with 401 or 429. */
  authenticate(request: IncomingMessage): Identity | Promise<Identity>;
  doors: Doors;
  telemetry: Pick<Telemetry, "passed" | "refused" | "internalError" | "tracing">;
  /** True while no new work is taken. Without it the exchange is served all the same. */
  draining?(): boolean;
  /** Shows users how a request of theirs arrived; absent for the gateway's own calls. */
  ear?: Pick<Ear, "arrived" | "failed">;
  /** Writes exchanges to files; null or absent is off. */
  tracer?: Tracer | null;
};

/** The client's side of an exchange: an HTTP response, or the bare socket of a WebSocket. */
export type ExchangeClient = {
  readonly request: IncomingMessage;
  /** Null for a WebSocket. */
  readonly response: ServerResponse | null;
  /** Calls back when the connection has closed; `isWhole`: the answer was complete by then. */
  whenClosed(listener: (isWhole: boolean) => void): void;
  /** Answers with the error, or closes the connection if an answer has begun. */
  refuse(exchange: Exchange, error: GatewayError): void;
};

/** An exchange of a user who is known. */
export type Entered = {
  readonly exchange: Exchange;
  readonly identity: Identity;
  /** Ends the exchange from inside: a time-out, a cancel, a shutdown. */
  readonly stop: StopControl;
  readonly trace: Trace | null;
  /** Ends the exchange with an error, for callbacks that run after `work` has returned. */
  fail(cause: unknown): void;
};

/**
 * The frame of every exchange: its identity, its end when the client leaves, the refusal while the
 * gateway drains, authentication, and one log line (`passed` for a read, `refused` for an error;
 * the line of a generation is written by `settle`). What `work` throws is answered as an error.
 * `work` starts in the same turn of the event loop unless the user has a token. Never rejects.
 */
export function withExchange(
  parts: FrameParts,
  client: ExchangeClient,
  target: ExchangeTarget,
  work: (entered: Entered) => void | Promise<void>,
): Promise<void> {
  const frame = new ExchangeFrame(parts, client, target);
  const { exchange, stop } = frame;
  const { request, response } = client;
  const trace = (response && parts.tracer?.begin(exchange, request, response)) ?? null;
  const fail = (cause: unknown): void => frame.fail(cause);
  const enter = (identity: Identity): void | Promise<void> => {
    frame.identity = identity;
    parts.ear?.arrived(identity.user, exchange, request);
    trace?.asked({ user: identity.user, model: null, body: null });
    return work({ exchange, identity, stop, trace, fail });
  };
  try {
    if (parts.draining?.()) throw shuttingDown();
    const answer = parts.authenticate(request);
    const working = answer instanceof Promise ? answer.then(enter) : enter(answer);
    if (working instanceof Promise) return working.catch(fail);
  } catch (cause) {
    fail(cause);
  }
  return over;
}

const over = Promise.resolve();

/** Refuses a request that has no valid target, or that failed outside of `withExchange`. */
export function refuseExchange(
  parts: Pick<FrameParts, "doors" | "telemetry">,
  client: ExchangeClient,
  target: ExchangeTarget,
  cause: unknown,
): void {
  new ExchangeFrame(parts, client, target).fail(cause);
}

class ExchangeFrame {
  readonly exchange: Exchange;
  readonly stop: ExchangeStop = new ExchangeStop();
  /** Null until the user is known. */
  identity: Identity | null = null;
  readonly #telemetry: FrameParts["telemetry"];
  readonly #ear: FrameParts["ear"];
  readonly #client: ExchangeClient;
  /** One log line for each exchange, for the way in which it ends first. */
  #isLogged = false;

  constructor(
    { doors, telemetry, ear }: Pick<FrameParts, "doors" | "telemetry" | "ear">,
    client: ExchangeClient,
    target: ExchangeTarget,
  ) {
    this.#telemetry = telemetry;
    this.#ear = ear;
    this.#client = client;
    this.exchange = createExchange(client.request, target, doors, this.stop);
    telemetry.tracing?.began(this.exchange);
    client.whenClosed((isWhole) => this.#closed(isWhole));
  }

  #closed(isWhole: boolean): void {
    if (!isWhole) this.stop.abort(new ClientLeft());
    const { response } = this.#client;
    if (this.exchange.kind !== "read" || this.#isLogged || response === null) return;
    this.#isLogged = true;
    // Events of the queue end when the client leaves: their answer is whole then.
    const status = response.writableEnded ? response.statusCode : 499;
    this.#telemetry.passed({ exchange: this.exchange, user: this.identity?.user ?? null, status });
  }

  fail(cause: unknown): void {
    const error = asGatewayError(this.#telemetry, this.exchange, cause);
    if (this.#isLogged) return;
    this.#isLogged = true;
    const { exchange, identity } = this;
    const user = identity?.user ?? null;
    if (user !== null) this.#ear?.failed(user, exchange, error);
    const { status, code: errorCode } = error;
    const notify = errorCode === "rate_limit_exceeded" ? (identity?.notify ?? null) : null;
    const limit = notify === null ? null : { notify, refusal: error.message };
    this.#telemetry.refused({ exchange, user, status, errorCode, limit });
    this.#client.refuse(exchange, error);
  }
}

/** The client of a plain HTTP request. */
export function httpClient(request: IncomingMessage, response: ServerResponse): ExchangeClient {
  return {
    request,
    response,
    whenClosed(listener) {
      // It closes once anyway, and `once` makes three objects more.
      response.on("close", () => listener(response.writableFinished));
    },
    refuse(exchange, error) {
      if (response.headersSent || response.destroyed) response.destroy();
      else refuse(request, response, exchange, error);
    },
  };
}

/**
 * The error as a GatewayError. Any other error is a fault of the gateway: it is logged with its
 * stack, and the client learns no more than that.
 */
export function asGatewayError(
  telemetry: Pick<Telemetry, "internalError">,
  exchange: Exchange,
  error: unknown,
): GatewayError {
  if (error instanceof GatewayError && error.code !== "internal_error") return error;
  telemetry.internalError(exchange, error);
  if (error instanceof GatewayError) return error;
  return new GatewayError("internal_error", "The gateway failed on this request.", {
    cause: error,
  });
}
