import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { OpenRouter } from "@openrouter/sdk";
import express, { type NextFunction, type Request, type Response } from "express";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Identity } from "../auth/identity.ts";
import { openRouterErrorBody } from "../dialects/openrouter/openrouter-error.ts";
import type { GenerationRecord } from "../dialects/openrouter/openrouter-generation.ts";
import { GatewayError } from "../errors.ts";
import { createExchange } from "../exchange.ts";
import type { OpenRouterParts } from "./openrouter-parts.ts";
import { openRouterRoutes, showOpenRouter } from "./openrouter-routes.ts";

const alice: Identity = {
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

const record: GenerationRecord = {
  ...{ id: "row-1", requestId: "shown-1", upstreamId: "chatcmpl-1", upstream: "box" },
  ...{ model: "llama", dialect: "chat", streamed: true, state: "cancelled" },
  ...{ startedAt: Date.UTC(2026, 0, 2), durationMs: 900, upstreamMs: 700 },
  ...{ input: 10, output: 5, cached: 4, reasoning: null, cost: 0.0001 },
};

const listing = [
  { id: "llama", object: "model", created: 7, owned_by: "box", meta: { n_ctx: 8192 } },
  { id: "meta/big", object: "model", created: 8, owned_by: "far" },
];

/** A Thursday. */
const now = Date.UTC(2026, 0, 15, 12);
let who = alice;
let asked: number[] = [];
let limits: Awaited<ReturnType<OpenRouterParts["limits"]>> = [];
const parts: { -readonly [Name in keyof OpenRouterParts]: OpenRouterParts[Name] } = {
  listing: async () => listing,
  said: (model) =>
    model === "llama"
      ? { name: "Llama", description: "ours", contextLength: null, maxOutput: 512 }
      : null,
  priceOf: () => ({ input: 0.000008, cached: null, output: 0.000024 }),
  modelId: null,
  maxContextLength: 131_072,
  providers: ["box", "far"],
  find: async (user, id) =>
    user === "alice" && ["row-1", "shown-1", "chatcmpl-1"].includes(id) ? record : null,
  spent: async (_user, since) => {
    asked.push(since);
    return since === 0 ? 3 : 1;
  },
  limits: async () => limits,
  now: () => now,
};

const doors = { isPublicPort: () => false, isTrusted: () => false };
const app = express();
for (const { path, ask } of openRouterRoutes) {
  app.get(path, async (request, response) => {
    const query = request.url.slice(request.path.length);
    const target = { path: request.path, query, dialect: "openai", kind: "read" } as const;
    const exchange = createExchange(request, target, doors, new AbortController());
    const viewer = { exchange, identity: who, isAdmin: false, isStill: async () => true };
    await showOpenRouter(parts, ask, viewer, request, response);
  });
}
app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
  const known = error instanceof GatewayError ? error : new GatewayError("internal_error", "?");
  response.status(known.status).setHeader("content-type", "application/json");
  response.end(openRouterErrorBody(known));
});
const server = createServer(app);
let base = "";
let client: OpenRouter;

beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`;
  client = new OpenRouter({ apiKey: "sk-none", serverURL: base });
});
afterAll(() => server.close());

describe("what OpenRouter's own client reads", () => {
  it("lists the models, with what settings and servers say", async () => {
    const pages = await client.models.list();
    const { data, totalCount } = pages.result;
    expect(totalCount).toBe(2);
    expect(data[0]).toMatchObject({
      ...{ id: "llama", name: "Llama", description: "ours", contextLength: 8192 },
      pricing: { prompt: "0.000008", completion: "0.000024" },
      topProvider: { maxCompletionTokens: 512 },
    });
    expect(data[1]).toMatchObject({ id: "meta/big", contextLength: 131_072 });
    expect((await client.models.count()).data.count).toBe(2);
    const own = await client.models.listForUser({ bearer: "sk-none" });
    expect(own.result.totalCount).toBe(2);
  });

  it("finds one, by its name and by its owner's and its name", async () => {
    const found = await client.models.get({ author: "meta", slug: "big" });
    expect(found.data.id).toBe("meta/big");
    const { data } = await client.endpoints.list({ author: "box", slug: "llama" });
    expect(data).toMatchObject({ id: "llama", endpoints: [{ providerName: "box" }] });
    await expect(client.endpoints.list({ author: "no", slug: "llama" })).rejects.toMatchObject({
      statusCode: 404,
      error: { code: 404, metadata: { error_type: "not_found" } },
    });
  });

  it("shows a key only what it may use", async () => {
    who = { ...alice, models: ["meta/*"] };
    try {
      const { result } = await client.models.list();
      expect(result.data.map(({ id }) => id)).toEqual(["meta/big"]);
      const refused = client.models.get({ author: "box", slug: "llama" });
      await expect(refused).rejects.toMatchObject({ statusCode: 404 });
    } finally {
      who = alice;
    }
  });

  it("shows the one model under MODEL_ID, and several under their own names", async () => {
    parts.modelId = "house/chat";
    try {
      expect((await client.models.list()).result.data[0]?.id).toBe("llama");
      parts.listing = async () => listing.slice(0, 1);
      const { result } = await client.models.list();
      expect(result.data).toMatchObject([{ id: "house/chat", name: "Llama", contextLength: 8192 }]);
    } finally {
      parts.modelId = null;
      parts.listing = async () => listing;
    }
  });

  it("says what a key spent since midnight, Monday and the first", async () => {
    asked = [];
    const { data } = await client.apiKeys.getCurrentKeyMetadata();
    expect(data).toMatchObject({
      ...{ label: "sk-12345...", limit: null, limitRemaining: null },
      ...{ usage: 3, usageDaily: 1, usageWeekly: 1, usageMonthly: 1 },
      rateLimit: { requests: -1 },
    });
    const day = (date: number) => Date.UTC(2026, 0, date);
    expect(asked).toEqual([0, day(15), day(12), day(1)]);
    expect((await client.credits.getCredits()).data).toEqual({
      totalCredits: 1_000_003,
      totalUsage: 3,
    });
  });

  it("says how much a key may still spend, and how often it may ask", async () => {
    const limit = {
      mode: "refuse" as const,
      used: 0,
      reserved: 0,
      resets_at: "",
      resets_in_seconds: 1,
    };
    limits = [
      { ...limit, metric: "cost", window_seconds: 2_592_000, limit: 20, remaining: 17 },
      { ...limit, metric: "cost", window_seconds: 86_400, limit: 5, remaining: 4 },
      { ...limit, metric: "requests", window_seconds: 3600, limit: 100, remaining: 9 },
    ];
    try {
      const { data } = await client.apiKeys.getCurrentKeyMetadata();
      expect(data).toMatchObject({
        ...{ limit: 5, limitRemaining: 4, limitReset: "daily" },
        rateLimit: { requests: 100, interval: "3600s" },
      });
      expect((await client.credits.getCredits()).data.totalCredits).toBe(7);
    } finally {
      limits = [];
    }
  });

  it("finds a generation by our id, by the client's and by the upstream's", async () => {
    for (const id of ["row-1", "shown-1", "chatcmpl-1"]) {
      const { data } = await client.generations.getGeneration({ id });
      expect(data).toMatchObject({
        ...{ id: "shown-1", requestId: "row-1", upstreamId: "chatcmpl-1", apiType: "completions" },
        ...{ tokensPrompt: 10, nativeTokensCached: 4, totalCost: 0.0001, latency: 900 },
        ...{ streamed: true, cancelled: true, createdAt: "2026-01-02T00:00:00.000Z" },
      });
    }
    const other = client.generations.getGeneration({ id: "of-bob" });
    await expect(other).rejects.toMatchObject({ statusCode: 404 });
  });

  it("names its providers", async () => {
    const { data } = await client.providers.list();
    expect(data.map(({ slug }) => slug)).toEqual(["box", "far"]);
  });
});

describe("what a client of OpenAI's reads there", () => {
  it("lists the models and finds one", async () => {
    const openai = new OpenAI({ apiKey: "sk-none", baseURL: base, maxRetries: 0 });
    const ids: string[] = [];
    for await (const { id } of openai.models.list()) ids.push(id);
    expect(ids).toEqual(["llama", "meta/big"]);
    expect(await openai.models.retrieve("meta/big")).toMatchObject({ id: "meta/big" });
    await expect(openai.models.retrieve("none")).rejects.toMatchObject({ status: 404 });
  });
});

describe("what is asked wrongly", () => {
  it("is a 400 that names the field", async () => {
    for (const [path, param] of [
      ["/models?limit=x", "limit"],
      ["/models?offset=-1", "offset"],
      ["/generation", "id"],
    ]) {
      const answer = await fetch(base + path);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ error: { code: 400, metadata: { param } } });
    }
  });
});
