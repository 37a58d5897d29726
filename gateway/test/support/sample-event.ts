import type { Exchange } from "../../exchange.ts";
import type { SettledEvent } from "../../telemetry/settled-event.ts";

/** An exchange for tests. */
export const sampleExchange = (over: Partial<Exchange> = {}): Exchange => ({
  id: "00000000-0000-4000-8000-000000000000",
  requestId: "r",
  traceparent: null,
  startedAt: 0,
  startedMono: 0,
  method: "POST",
  path: "/v1/chat/completions",
  query: "",
  dialect: "chat",
  kind: "generation",
  isOpenRouter: false,
  isPublic: false,
  address: "127.0.0.1",
  signal: new AbortController().signal,
  ...over,
});

/** A generation for tests: 2 s in line, 1 s to its first token, then 40 tokens in 4 s. */
export const sampleEvent = (over: Partial<SettledEvent> = {}): SettledEvent => ({
  exchange: sampleExchange(),
  user: "alice",
  model: "tiny",
  upstream: "u",
  status: 200,
  errorCode: null,
  state: "done",
  queueMs: 2_000,
  firstTokenMs: 3_000,
  upstreamMs: 5_000,
  durationMs: 7_000,
  usage: { input: 30, output: 40, cached: 10, reasoning: null, source: "reported" },
  timings: null,
  cancelledWhere: null,
  ...over,
});
