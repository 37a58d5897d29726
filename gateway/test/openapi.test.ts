import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type AppParts, createApp } from "../app.ts";
import { endpointOf } from "../dialects/endpoints.ts";
import { judgePath } from "../dialects/path.ts";
import { schemas } from "../openapi/components.ts";
import type { Operation } from "../openapi/operation.ts";
import { operations } from "../openapi/operations.ts";
import { startTestGateway, type TestGateway } from "./support/harness.ts";
import { ownRoutes } from "./support/own-routes.ts";

/** As much of Express's router as tells which route a request takes. */
type Layer = {
  route?: { path: string | RegExp | string[]; methods?: Record<string, boolean> };
  handle: ((...given: never[]) => unknown) & { stack?: Layer[] };
  /** What of a path it takes; a router leaves the rest to its own layers. */
  match?(path: string): false | { path: string };
};

const nowhere = "There is nothing at this path";

/** A path that stands for all of its template. */
const sampleOf = ({ path }: Operation): string => path.replaceAll(/\{\w+\}/g, "mock");

/** The route that Express would take, by Express's own judgement. */
function routeOf(stack: readonly Layer[], method: string, path: string): Layer | null {
  for (const layer of stack) {
    const { route, handle } = layer;
    const matched = layer.match?.(path) ?? false;
    if (matched === false) continue;
    if (route !== undefined) {
      if (route.methods?.[method] || route.methods?._all) return layer;
    } else if (handle.stack !== undefined) {
      const rest = path.slice(matched.path.length);
      const found = routeOf(handle.stack, method, rest === "" ? "/" : rest);
      if (found !== null) return found;
    }
  }
  return null;
}

const routesIn = (stack: readonly Layer[]): Layer[] =>
  stack.flatMap((layer) =>
    layer.route === undefined ? routesIn(layer.handle.stack ?? []) : [layer],
  );

describe("the document and Express's routes", () => {
  const app = createApp({ cors: null, elsewhere: null } as AppParts);
  const stack: Layer[] = Reflect.get(app.router, "stack");

  it("has a route for each of its methods and paths", () => {
    const missing = operations.filter((one) => !routeOf(stack, one.method, sampleOf(one)));
    expect(missing).toEqual([]);
  });

  it("leaves no route out", () => {
    const taken = new Set(operations.map((one) => routeOf(stack, one.method, sampleOf(one))));
    const all = routesIn(stack);
    expect(all.length).toBeGreaterThan(15);
    const untold = all.filter((layer) => !taken.has(layer));
    expect(untold.map(({ route }) => route?.path)).toEqual([]);
    const told = new Set(operations.map(({ path }) => path));
    const lists = all.flatMap(({ route }) => (Array.isArray(route?.path) ? route.path : []));
    expect(lists.filter((path) => !told.has(path))).toEqual([]);
  });

  it("agrees with the routes about which paths generate, and in which dialect", () => {
    const dialects = { Anthropic: "messages", Gemini: "gemini" } as Record<string, string>;
    for (const one of operations) {
      if (!/^\/(api\/)?v1/.test(one.path) && one.tag !== "llama-server") continue;
      const { path } = judgePath(sampleOf(one));
      const { kind, dialect, json } = endpointOf(one.method.toUpperCase(), path);
      expect(kind === "generation", one.path).toBe(one.generates ?? false);
      if (one.generates) expect(json, one.path).toBe(true);
      const expected = dialects[one.errors];
      if (expected !== undefined) expect(dialect, one.path).toBe(expected);
      else expect(["messages", "gemini"]).not.toContain(dialect);
    }
  });
});

const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
const head = { id: "x", created: 1, model: "mock", usage };
const finished = { index: 0, finish_reason: "stop" };
const message = { role: "assistant", content: "blue" };

/** What a server of the OpenAI family answers, which knows no other dialect. */
const answers: Record<string, object> = {
  "/v1/chat/completions": {
    ...head,
    ...{ object: "chat.completion", choices: [{ ...finished, message }] },
  },
  "/v1/completions": {
    ...head,
    ...{ object: "text_completion", choices: [{ ...finished, text: "blue" }] },
  },
  "/v1/embeddings": {
    ...{ object: "list", model: "mock", usage },
    data: [{ object: "embedding", index: 0, embedding: [1, 2] }],
  },
  "/v1/rerank": { results: [{ index: 0, relevance_score: 1 }] },
  "/completion": { content: "blue", stop: true },
  "/infill": { content: "return a + b", stop: true },
  "/embedding": [{ index: 0, embedding: [[1, 2]] }],
  "/reranking": { results: [{ index: 0, relevance_score: 1 }] },
  "/tokenize": { tokens: [1, 2] },
  "/detokenize": { content: "blue" },
  "/apply-template": { prompt: "blue" },
  "/slots": [{ id: 0, is_processing: false }],
};

const chunks = [
  { choices: [{ index: 0, delta: { role: "assistant", content: "blue" }, finish_reason: null }] },
  { choices: [{ ...finished, delta: {} }] },
  { choices: [], usage },
].map((one) => ({
  ...{ id: "x", created: 1, model: "mock" },
  object: "chat.completion.chunk",
  ...one,
}));

describe("the document and a gateway that runs", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startTestGateway(({ url, body }, response) => {
      response.setHeader("content-type", "application/json");
      const asked = body.length === 0 ? {} : JSON.parse(body.toString());
      const answer = answers[url.split("?")[0] ?? ""];
      if (answer === undefined) response.writeHead(404).end('{"error":{"message":"no such path"}}');
      else if (asked.stream) {
        const events = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("");
        response.setHeader("content-type", "text/event-stream").end(`${events}data: [DONE]\n\n`);
      } else response.end(JSON.stringify(answer));
    });
  });
  afterAll(() => gateway.stop());

  /** Asked as an administrator with the document's own example. */
  async function ask(one: Operation): Promise<{ status: number; type: string; text: string }> {
    const stop = new AbortController();
    const target = sampleOf(one) + (one.answer.streams === "only" ? "?alt=sse" : "");
    const example = one.body?.example;
    const body = example && "model" in example ? { ...example, model: "mock" } : example;
    const response = await fetch(gateway.url + target, {
      method: one.method.toUpperCase(),
      headers: {
        ...(one.access === "lan" ? {} : { authorization: `Bearer ${gateway.keys.admin}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: stop.signal,
    });
    const type = (response.headers.get("content-type") ?? "").split(";")[0] ?? "";
    // The line is followed for ever.
    const isEndless = one.path === "/queue/events";
    const text = isEndless ? "" : await response.text();
    if (isEndless) stop.abort();
    return { status: response.status, type, text };
  }

  /** What cannot be had here: a token counter, a generation, something in line. */
  const absent = new Set([
    // The mock is no llama-server.
    "/props",
    "/v1/messages/count_tokens",
    "/v1beta/models/{model}:countTokens",
    "/page/{file}",
    "/wall",
    "/wall.json",
    "/queue/{id}",
    "/users/{user}",
    "/users/{user}/keys",
    "/users/{user}/keys/{id}",
    "/users/{user}/keys/{id}/rotate",
    "/invites/redeem",
    "/invites/{id}",
    "/api/v1/generation",
    "/api/v1/models/{author}/{slug}",
    "/api/v1/models/{author}/{slug}/endpoints",
    "/api/v1/model/{author}/{slug}",
  ]);

  // A drained line stays so: last.
  const inOrder = operations.toSorted(
    (a, b) => Number(a.path === "/queue/drain") - Number(b.path === "/queue/drain"),
  );

  it.each(inOrder.map((one) => ({ one, method: one.method, path: one.path })))(
    "is true of $method $path",
    async ({ one }) => {
      const { status, type, text } = await ask(one);
      expect(text).not.toContain(nowhere);
      if (absent.has(one.path)) {
        const wrong = schemas[`${one.errors}Error`]?.safeParse(JSON.parse(text));
        if (status !== 200) expect(wrong?.error?.message, text).toBeUndefined();
        return;
      }
      const { answer } = one;
      expect(status, text).toBe(answer.status ?? 200);
      expect(type).toBe(
        answer.streams === "only" ? "text/event-stream" : (answer.type ?? "application/json"),
      );
      if (answer.schema === undefined) return;
      const schema = schemas[answer.schema] ?? z.never();
      expect(schema.safeParse(JSON.parse(text)).error?.message, text).toBeUndefined();
    },
  );

  it("is for keys only where it says so", async () => {
    for (const one of operations) {
      if (one.access === "lan" || one.access === "anyone") continue;
      const { status } = await ownRoutes(gateway.url)[one.method](sampleOf(one));
      expect(status, one.path).toBe(401);
    }
  });

  it("is shown under a policy that lets nothing from elsewhere run, without TLS too", async () => {
    for (const path of ["/openapi.json", "/docs", "/docs/style.css"]) {
      const { headers } = await ownRoutes(gateway.url).get(path).expect(200);
      const policy = headers["content-security-policy"];
      expect(policy).toContain("default-src 'self'");
      expect(policy).not.toContain("upgrade-insecure-requests");
      expect(headers).not.toHaveProperty("strict-transport-security");
    }
  });

  it("is not shown to visitors from outside", async () => {
    for (const path of ["/openapi.json", "/docs", "/docs/style.css"]) {
      await ownRoutes(gateway.url).get(path).set("cf-ray", "1").expect(404);
    }
  });
});
