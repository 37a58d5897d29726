import type { IncomingMessage } from "node:http";
import type { AnswerOptions } from "../answer/answer.ts";
import type { Identity } from "../auth/identity.ts";
import type { Usage } from "../dialects/usage.ts";
import type { GatewayError } from "../errors.ts";
import type { Dialect, Doors, Exchange } from "../exchange.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { BodyReader } from "../limits/body.ts";
import type { Limits } from "../limits/limits.ts";
import type { TokenCounter } from "../limits/token-counter.ts";
import type { AllLines } from "../line/all-lines.ts";
import type { Loaded } from "../middlewares/load-middlewares.ts";
import type { Tracer } from "../middlewares/trace.ts";
import type { Roster } from "../roster.ts";
import type { Telemetry } from "../telemetry/events.ts";
import type { ListedModel } from "../upstreams/join-models.ts";
import type { Upstream } from "../upstreams/upstream.ts";
import type { Destination, Member } from "./destination.ts";

/** Milliseconds; 0 is off. */
export type UpstreamTimeouts = { firstByteMs: number; idleMs: number; totalMs: number };

/** What a cost is made of. */
export type Served = {
  /** As it was asked for, and as the upstream knows it. */
  readonly model: string | null;
  readonly upstreamModel: string | null;
  readonly usage: Usage;
  /** Milliseconds of a slot; null where there was none. */
  readonly upstreamMs: number | null;
};

/** What is known of the models there are. */
export type Models = {
  /** For a key that may use `allowed`; null: all. */
  list(allowed: readonly string[] | null): Promise<readonly ListedModel[]>;
};

/** A generation between acceptance and its end. */
export type Underway = { user: string; stop: AbortController };

/** What the road is made of; `wiring/road-parts-of.ts` puts it together, and nothing else does. */
export type RoadParts = {
  /** Who is asking; a promise for tokens only. Throws or rejects with 401 or 429. */
  authenticate(request: IncomingMessage): Identity | Promise<Identity>;
  /** What users.json says of a user, for each of their keys. */
  identitiesOf(user: string): readonly Identity[];
  bodies: BodyReader;
  /**
   * Where a model is. Throws 404, or 400 where none is named and none is meant; both name what
   * there is of `allowed`, the models that the key may use (null: all).
   */
  route(model: string | null, allowed: readonly string[] | null): Destination;
  /** It depends on the model who answers. */
  hasManyModels: boolean;
  /** Who answers what is no generation, and names no model. */
  reads(): Member;
  models: Models;
  /** What the exchanges show of the upstreams. */
  health: {
    began(upstream: string): void;
    /** Null: it answered. */
    ended(upstream: string, error: GatewayError | null, user: string): void;
  };
  /** Which errors of an upstream are worth asking another one, within a budget. */
  retries: { isWorthIt(error: GatewayError): boolean; noteRequest(): void };
  /** Which upstream served a conversation last: its prompt is still in memory there. */
  affinity: {
    keyOf(user: string, model: string, body: Buffer, dialect: Dialect): string | null;
    preferred(key: string): string | null;
    remember(key: string, upstream: string): void;
  };
  /** Those of one's own, in their order. */
  middlewares: readonly Loaded[];
  /** Writes each exchange to a file; null is off. */
  tracer: Tracer | null;
  /**
   * How dialects are converted: refused where something would be lost, and what Anthropic must be
   * told.
   */
  conversions: { strict: boolean; defaultMaxTokens: number };
  /** What a generation cost, in US dollars; null where that is not known. */
  costOf(served: Served): number | null;
  limits: Limits;
  tokens: Pick<TokenCounter<Upstream>, "count">;
  ledger: Ledger;
  telemetry: Telemetry;
  /** For an exchange: a public one is kept alive sooner. */
  answers(exchange: Exchange): AnswerOptions;
  timeouts: UpstreamTimeouts;
  /**
   * Chat and text completions of clients that do not stream are streams to a llama.cpp upstream,
   * which notices only of those at once that a client has left.
   */
  streamUpstream: boolean;
  doors: Doors;
  /** The tunnel sees health and metrics, and administrators have their rights there too. */
  publicAdmin: boolean;
  /** Every line, to be looked at and steered. */
  lines: AllLines;
  /** The generations under way by id, so that one can be stopped from outside. */
  underway: Roster<Underway>;
  draining(): boolean;
};
