import { randomUUID } from "node:crypto";
import { PassThrough } from "node:stream";
import { onTestFinished } from "vitest";
import type { Identity } from "../../auth/identity.ts";
import { conversationKey } from "../../dialects/conversation-key.ts";
import { noFields } from "../../dialects/request-fields.ts";
import type { Exchange } from "../../exchange.ts";
import type { Underway } from "../../generation/keeper.ts";
import { createLocalKeeper, type LocalKeeperParts } from "../../generation/local-keeper.ts";
import type { GenerationRequest } from "../../generation/read-request.ts";
import {
  type Accepted,
  type ReserveParts,
  reserve,
  type Unreserved,
} from "../../generation/reserve.ts";
import type { RunAcceptedParts } from "../../generation/run-accepted.ts";
import { openLedger } from "../../ledger/ledger.ts";
import type { LimitFields } from "../../limits/limit-fields.ts";
import { createLimits } from "../../limits/limits.ts";
import { createLine, type Line } from "../../line/line.ts";
import { Roster } from "../../roster.ts";
import { createTelemetry, type Telemetry } from "../../telemetry/events.ts";
import { createLog } from "../../telemetry/log.ts";
import { createMetrics } from "../../telemetry/metrics.ts";
import { createAffinity } from "../../upstreams/affinity.ts";
import type { Destination, PoolMember } from "../../upstreams/destination.ts";
import { createPassThrough } from "../../upstreams/pass-through.ts";
import { createRetries } from "../../upstreams/retry.ts";
import { openUpstream } from "../../upstreams/upstream.ts";
import { sampleExchange } from "./sample-event.ts";
import { connect, rowOf, temporaryFile } from "./test-ledger.ts";

export const sampleIdentity: Identity = {
  ...{ user: "alice", role: "user", models: null, weight: 1, priority: 0 },
  ...{
    maxConcurrent: null,
    maxQueued: null,
    limits: null,
    notify: null,
    hint: "sk-12345",
    digest: null,
  },
};

export type TestGenerationOptions = {
  /** Upstreams of the pool, and where they are; nothing listens there by default. */
  upstreams?: Readonly<Record<string, string>>;
  maxQueue?: number | null;
  /** Limits for everybody. */
  forAll?: readonly LimitFields[];
  totalMs?: number;
};

/** What upstreams were told to the health: names that began, and names with the error or null. */
export type HealthCalls = (string | [string, string | null])[];

export type TestGeneration = {
  parts: ReserveParts & RunAcceptedParts & { telemetry: Telemetry };
  /** What the keeper of `parts` has; it reads them with each request. */
  kept: LocalKeeperParts;
  line: Line;
  health: HealthCalls;
  /** What `accept` reserves for, with another identity of the exchange. */
  given(over?: Partial<Exchange>, body?: object): Unreserved;
  accept(over?: Partial<Exchange>, body?: object): Promise<Accepted>;
  /** The columns of a row, or undefined. */
  row(id: string): Record<string, unknown> | undefined;
};

/** The steps of a generation with a real line, real limits and a real ledger on disk. */
export function testGeneration(options: TestGenerationOptions = {}): TestGeneration {
  const { upstreams = { a: "http://127.0.0.1:9" }, maxQueue = null, forAll = [] } = options;
  const file = temporaryFile();
  const ledger = openLedger({ file });
  onTestFinished(() => ledger.shutdown());
  const db = connect(file);
  const destination = destinationTo(upstreams);
  const log = createLog({ level: "silent", form: "json", destination: new PassThrough() });
  onTestFinished(() => log.close());
  const health: HealthCalls = [];
  const telemetry = createTelemetry({ log, metrics: createMetrics() });
  const names = Object.keys(upstreams);
  const line = createLine({ maxQueue, upstreams: names.map((name) => ({ name, capacity: 1 })) });
  const kept: LocalKeeperParts = {
    draining: () => false,
    lineAt: () => line,
    limits: createLimits({
      ...{ forAll, roles: {}, windowMs: 3_600_000, onTrouble: () => {} },
      ...{ history: () => [], historyOfKey: () => [] },
    }),
    ledger,
    affinity: createAffinity(),
    health: {
      began: (name) => health.push(name),
      ended: (name, error) => health.push([name, error?.code ?? null]),
    },
    underway: new Roster<Underway>(),
    telemetry,
  };
  const parts: TestGeneration["parts"] = {
    keeper: createLocalKeeper(kept),
    costOf: () => 0.25,
    tokens: { count: () => null },
    telemetry,
    timeouts: { firstByteMs: 10_000, totalMs: options.totalMs ?? 0 },
    retries: createRetries(),
  };
  const given: TestGeneration["given"] = (over, body) => {
    const stop = new AbortController();
    const id = randomUUID();
    const exchange = sampleExchange({ id, requestId: `r-${id}`, signal: stop.signal, ...over });
    const request = requestOf(
      body ?? { model: "tiny", messages: [{ role: "user", content: "hi" }] },
    );
    return { exchange, identity: sampleIdentity, request, destination, stop };
  };
  return {
    parts,
    kept,
    line,
    health,
    given,
    accept: async (over, body) => await reserve(parts, given(over, body)),
    row: (id) => rowOf(db, id),
  };
}

function destinationTo(upstreams: Readonly<Record<string, string>>): Destination {
  const names = Object.keys(upstreams);
  const members = new Map<string, PoolMember>();
  for (const [name, url] of Object.entries(upstreams)) {
    const upstream = openUpstream({
      name,
      url,
      key: null,
      type: "openai",
      connectTimeoutMs: 1_000,
    });
    const passThrough = createPassThrough(upstream, { silenceMs: 0, connectTimeoutMs: 1_000 });
    onTestFinished(() => upstream.connections.close());
    members.set(name, { upstream, passThrough });
  }
  const [first] = members.values();
  if (first === undefined) throw new Error("a pool needs an upstream");
  const list = names.map((upstream) => ({ upstream, tier: 0, model: null }));
  return { first, members, names: new Map(), seats: { key: "test", list } };
}

function requestOf(body: object): GenerationRequest {
  const fields = { ...noFields, model: "tiny", inputChars: 2 };
  const bytes = Buffer.from(JSON.stringify(body));
  return {
    headers: {},
    fields,
    json: true,
    conversation: conversationKey("alice", "tiny", bytes, "chat"),
    hasAgentItems: false,
    body: bytes,
    parsed: true,
    inflated: false,
  };
}
