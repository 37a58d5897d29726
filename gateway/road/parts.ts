import type { IncomingMessage } from "node:http";
import type { AnswerOptions } from "../answer/answer.ts";
import type { Identity } from "../auth/identity.ts";
import type { Doors, Exchange } from "../exchange.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { BodyReader } from "../limits/body.ts";
import type { Limits } from "../limits/limits.ts";
import type { Line } from "../line/line.ts";
import type { Telemetry } from "../telemetry/events.ts";
import type { PassThrough } from "../upstreams/pass-through.ts";
import type { Upstream } from "../upstreams/upstream.ts";

/** Milliseconds; 0 is off. */
export type UpstreamTimeouts = { firstByteMs: number; idleMs: number; totalMs: number };

/** Where a generation goes: the line it waits in and the upstream that answers. */
export type Destination = { line: Line; upstream: Upstream; passThrough: PassThrough };

/** A generation between acceptance and its end. */
export type Underway = { user: string; stop: AbortController };

/** What the road is made of; serve.ts builds it, and nothing else does. */
export type RoadParts = {
  /** Who is asking; a promise for tokens only. Throws or rejects with 401 or 429. */
  authenticate(request: IncomingMessage): Identity | Promise<Identity>;
  /** What users.json says of a user, for each of their keys. */
  identitiesOf(user: string): readonly Identity[];
  bodies: BodyReader;
  /** Where a model is; throws 404. */
  route(model: string | null): Destination;
  /** The upstream's list of models, as JSON. */
  models(): Promise<Buffer>;
  limits: Limits;
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
  /** The line, to be looked at and steered. */
  line: Line;
  /** The generations under way by id, so that one can be stopped from outside. */
  underway: Map<string, Underway>;
  draining(): boolean;
};
