import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { hashedUser } from "../telemetry/hashed-user.ts";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { chatAnswer, type Handler, politeChat } from "./support/mock-upstream.ts";
import {
  type OtlpReceiver,
  type ReceivedSpan,
  startOtlpReceiver,
} from "./support/otlp-receiver.ts";

let collector: OtlpReceiver;
beforeEach(async () => {
  collector = await startOtlpReceiver();
});
afterEach(() => collector.close());

const start = (handler: Handler, env: Record<string, string> = {}, config?: string) =>
  startTestGateway(
    handler,
    { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: "20", ...env },
    config,
  );

/** The spans of the only trace, once its root has come. */
async function onlyTrace(): Promise<{ root: ReceivedSpan; children: ReceivedSpan[] }> {
  await until(() => collector.spans.some(({ kind }) => kind === 2), "the root of a trace");
  const [root, ...others] = collector.spans.filter(({ kind }) => kind === 2);
  expect(others).toEqual([]);
  const children = collector.spans.filter((span) => span !== root);
  for (const { traceId } of children) expect(traceId).toBe(root?.traceId);
  return { root: root!, children };
}

const named = (spans: ReceivedSpan[], name: string): ReceivedSpan => {
  const found = spans.filter((span) => span.name === name);
  expect(found, name).toHaveLength(1);
  return found[0]!;
};

async function ask(
  gateway: TestGateway,
  fields: Record<string, unknown> = {},
  headers = {},
): Promise<Response> {
  const response = await gateway.post("/v1/chat/completions", chat(fields), { headers });
  await response.text();
  return response;
}

describe("the trace of a generation", () => {
  it("has a root, the wait, and the try at the upstream, which gets its traceparent", async () => {
    await using gateway = await start(politeChat);
    await ask(gateway, { stream: true, model: "tiny" }, { "x-request-id": "mine" });
    const { root, children } = await onlyTrace();
    const { port } = gateway.upstream;
    expect(root).toMatchObject({ name: "chat tiny", kind: 2, parentId: "", status: 0 });
    expect(root.attributes).toMatchObject({
      "http.request.method": "POST",
      "url.path": "/v1/chat/completions",
      "http.response.status_code": 200,
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "tiny",
      "gen_ai.usage.input_tokens": 3,
      "gen_ai.usage.output_tokens": 2,
      "gen_ai.latency.time_in_queue": expect.any(Number),
      "gen_ai.latency.time_to_first_token": expect.any(Number),
      "llm_gateway.request_id": "mine",
      "llm_gateway.id": gateway.rows()[0]?.id,
      "llm_gateway.state": "done",
    });
    expect(children).toHaveLength(2);
    const wait = named(children, "wait in queue");
    expect(wait).toMatchObject({ kind: 1, parentId: root.spanId });
    expect(wait.attributes["llm_gateway.place.first"]).toBe(0);
    const attempt = named(children, "chat tiny");
    expect(attempt).toMatchObject({ kind: 3, parentId: root.spanId, status: 0 });
    expect(attempt.attributes).toMatchObject({
      "server.address": "127.0.0.1",
      "server.port": port,
    });
    expect(gateway.upstream.seen[0]?.headers.traceparent).toBe(
      `00-${root.traceId}-${attempt.spanId}-01`,
    );
    for (const { from, to } of [wait, attempt]) {
      // The exchange's own clock starts at whole milliseconds.
      expect(from + 1_000_000n).toBeGreaterThanOrEqual(root.from);
      expect(to).toBeGreaterThanOrEqual(from);
      expect(to - 1_000_000n).toBeLessThanOrEqual(root.to);
    }
  });

  it("tells the place and the wait of one that waited", async () => {
    let answer = (): void => {};
    const holding: Handler = (seen, response, request) => {
      answer = () => void politeChat(seen, response, request);
    };
    await using gateway = await start(holding);
    const first = ask(gateway, { model: "first" });
    await until(() => gateway.upstream.seen.length === 1, "the first runs");
    const second = ask(gateway, { model: "second" });
    await until(async () => (await gateway.health()).line.waiting === 1, "the second waits");
    answer();
    await first;
    await until(() => gateway.upstream.seen.length === 2, "the second runs");
    answer();
    await second;
    await until(
      () => collector.spans.some(({ kind, name }) => kind === 2 && name === "chat second"),
      "",
    );
    const root = collector.spans.find(({ kind, name }) => kind === 2 && name === "chat second");
    const wait = collector.spans.find(
      ({ name, parentId }) => name === "wait in queue" && parentId === root?.spanId,
    );
    expect(wait?.attributes["llm_gateway.place.first"]).toBe(1);
    const seconds = ({ from, to }: ReceivedSpan): number => Number(to - from) / 1e9;
    expect(seconds(wait!)).toBeGreaterThan(0);
    const told = Number(root?.attributes["gen_ai.latency.time_in_queue"]);
    expect(told).toBeGreaterThan(0);
    // In seconds: in another unit it would be longer than all of the request.
    expect(told).toBeLessThanOrEqual(seconds(root!) + 0.001);
  });

  it("goes on with a client's trace, and leaves out one that the client does not want", async () => {
    await using gateway = await start(politeChat);
    const theirs = { traceId: "a".repeat(32), spanId: "b".repeat(16) };
    const header = (flags: string) => `00-${theirs.traceId}-${theirs.spanId}-${flags}`;
    await ask(gateway, {}, { traceparent: header("00"), tracestate: "v=1" });
    await ask(gateway, {}, { traceparent: header("01"), tracestate: "v=1" });
    const { root } = await onlyTrace();
    expect(root).toMatchObject({ traceId: theirs.traceId, parentId: theirs.spanId });
    const sent = gateway.upstream.seen.map(({ headers }) => headers);
    expect(sent.map(({ traceparent }) => String(traceparent).slice(0, 35))).toEqual([
      `00-${theirs.traceId}`,
      `00-${theirs.traceId}`,
    ]);
    expect(sent.map(({ traceparent }) => String(traceparent).slice(-2))).toEqual(["00", "01"]);
    expect(sent.map(({ tracestate }) => tracestate)).toEqual(["v=1", "v=1"]);
  });

  it("begins anew where a client's traceparent is none", async () => {
    await using gateway = await start(politeChat);
    for (const wrong of ["x", `00-${"0".repeat(32)}-${"b".repeat(16)}-01`, "ff-1-2-3"]) {
      collector.spans.length = 0;
      await ask(gateway, {}, { traceparent: wrong });
      const { root } = await onlyTrace();
      expect(root.parentId).toBe("");
      expect(root.traceId).toMatch(/^[0-9a-f]{32}$/);
    }
  });

  it("has a span for each try, with the error of the one that failed", async () => {
    const broken: Handler = (_seen, response) => void response.writeHead(503).end("{}");
    await using other = await startTestGateway(broken);
    const config = `upstreams:
  bad: { url: "${other.upstream.url}", type: openai, box: one }
  gone: { url: "http://127.0.0.1:1", type: openai, box: one }
routes:
  - { model: "*", upstreams: [bad], fallbacks: [gone] }
`;
    await using gateway = await start(politeChat, { UPSTREAM_URL: "" }, config);
    await ask(gateway, { model: "tiny" });
    const { root, children } = await onlyTrace();
    const tries = children.filter(({ kind }) => kind === 3);
    expect(tries.map(({ attributes }) => attributes["llm_gateway.upstream"])).toEqual([
      "bad",
      "gone",
    ]);
    expect(tries.map(({ status }) => status)).toEqual([2, 2]);
    expect(tries[1]?.attributes["error.type"]).toBe("upstream_unreachable");
    expect(root.attributes["http.response.status_code"]).toBe(502);
    expect(root.status).toBe(2);
  });

  it("shows the conversion inside the try", async () => {
    const anOpenAi: Handler = (_seen, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(chatAnswer("hi"));
    };
    await using gateway = await start(anOpenAi, { UPSTREAM_API: "chat" });
    const body = { model: "tiny", max_tokens: 5, messages: [{ role: "user", content: "hello" }] };
    const response = await gateway.post("/v1/messages", body);
    expect(response.status, await response.text()).toBe(200);
    const { root, children } = await onlyTrace();
    const attempt = children.filter(({ kind }) => kind === 3).at(-1);
    const conversion = named(children, "convert request");
    expect(conversion.parentId).toBe(attempt?.spanId);
    expect(conversion.attributes).toMatchObject({
      "llm_gateway.dialect": "messages",
      "llm_gateway.conversion.target": "openai",
    });
    expect(conversion.to).toBeLessThanOrEqual(attempt!.to);
    expect(gateway.upstream.seen.at(-1)?.headers.traceparent).toContain(attempt?.spanId);
    expect(root.attributes["llm_gateway.dialect"]).toBe("messages");
  });
});

describe("other traces", () => {
  it("are those of reads, and of requests that are refused", async () => {
    await using gateway = await start(politeChat);
    const authorization = `Bearer ${gateway.keys.alice}`;
    await (await fetch(`${gateway.url}/v1/files/file-1234`, { headers: { authorization } })).text();
    const { root } = await onlyTrace();
    expect(root).toMatchObject({ name: "GET /v1/files", status: 0 });
    expect(gateway.upstream.seen[0]?.headers.traceparent).toBe(
      `00-${root.traceId}-${root.spanId}-01`,
    );
    collector.spans.length = 0;
    await (await fetch(`${gateway.url}/v1/models`)).text();
    const refused = await onlyTrace();
    expect(refused.root.name).toBe("GET");
    expect(refused.root.attributes).toMatchObject({
      "url.path": "/v1/models",
      "http.response.status_code": 401,
      "error.type": "invalid_api_key",
    });
    // A client's mistake is no error of the server.
    expect(refused.root.status).toBe(0);
  });

  it("are those of WebSockets, whose upstream gets their traceparent", async () => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await once(server, "listening");
    const asked: (string | string[] | undefined)[] = [];
    server.on("connection", (_socket, request) => asked.push(request.headers.traceparent));
    const { port } = server.address() as AddressInfo;
    await using gateway = await start(politeChat, { UPSTREAM_URL: `http://127.0.0.1:${port}` });
    const headers = { authorization: `Bearer ${gateway.keys.alice}` };
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/v1/realtime`, { headers });
    await once(socket, "open");
    socket.close();
    const { root } = await onlyTrace();
    expect(root.attributes).toMatchObject({
      "url.path": "/v1/realtime",
      "http.response.status_code": 101,
      "llm_gateway.state": "done",
    });
    expect(asked).toEqual([`00-${root.traceId}-${root.spanId}-01`]);
    server.close();
  });

  it("hold no key, no prompt, no answer and no name, unless names are asked for", async () => {
    const secrets = ["platypus", "wombat"];
    const answer: Handler = (_seen, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end(chatAnswer("wombat"));
    };
    for (const users of ["hash", "names"]) {
      await using gateway = await start(answer, { METRICS_USERS: users });
      const messages = [{ role: "user", content: "platypus" }];
      await ask(gateway, { messages }, { "x-request-id": gateway.keys.alice ?? "" });
      await gateway.stop();
      const sent = collector.requests.map(({ body }) => body.toString("latin1")).join();
      for (const secret of [...secrets, gateway.keys.alice]) expect(sent).not.toContain(secret);
      const root = collector.spans.find(({ kind }) => kind === 2);
      expect(root?.attributes["user.hash"]).toBe(hashedUser("alice"));
      expect(root?.attributes["user.name"]).toBe(users === "names" ? "alice" : undefined);
      expect(sent.includes("alice")).toBe(users === "names");
      collector.spans.length = 0;
      collector.requests.length = 0;
    }
  });
});

describe("the standard settings", () => {
  it("name the service, its attributes and the headers for the collector", async () => {
    await using gateway = await start(politeChat, {
      OTEL_SERVICE_NAME: "gpu-box",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment=home,team=a%20b,service.name=other",
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Basic%20abc,x-org=1",
    });
    await ask(gateway);
    await onlyTrace();
    expect(collector.resource()).toMatchObject({
      "service.name": "gpu-box",
      "service.version": "0.0.0-test",
      "deployment.environment": "home",
      team: "a b",
    });
    const [{ path, headers } = { path: "", headers: {} }] = collector.requests;
    expect(path).toBe("/v1/traces");
    expect(headers).toMatchObject({
      authorization: "Basic abc",
      "x-org": "1",
      "content-type": "application/x-protobuf",
    });
  });

  it("choose which requests have a trace, and which signals are sent", async () => {
    const never = { OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "0" };
    const parent = { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` };
    for (const [env, headers, spans, isMetered] of [
      [never, {}, 0, true],
      [{ OTEL_TRACES_SAMPLER: "parentbased_always_off" }, {}, 0, true],
      [{ OTEL_TRACES_SAMPLER: "parentbased_always_off" }, parent, 3, true],
      [{ OTEL_METRICS_EXPORTER: "none" }, {}, 3, false],
      [{ OTEL_TRACES_EXPORTER: "none" }, {}, 0, true],
      [{ OTEL_SDK_DISABLED: "true" }, {}, 0, false],
    ] as const) {
      const gateway = await start(politeChat, env);
      expect((await ask(gateway, {}, headers)).status).toBe(200);
      await gateway.stop();
      expect(collector.spans, JSON.stringify(env)).toHaveLength(spans);
      expect(collector.metrics.size > 0, JSON.stringify(env)).toBe(isMetered);
      collector.spans.length = 0;
      collector.metrics.clear();
    }
  });
});
