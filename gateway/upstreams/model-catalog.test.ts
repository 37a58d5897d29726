import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { type CatalogOptions, createModelCatalog, type ModelCatalog } from "./model-catalog.ts";
import { entriesOf } from "./model-entries.ts";
import { openUpstream, type ServerType, type Upstream } from "./upstream.ts";

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

type Reply = { status?: number; body: unknown; server?: string };

async function serve(
  reply: (request: IncomingMessage) => Reply,
): Promise<{ port: number; server: Server }> {
  const server = createServer((request, response) => {
    const { status = 200, body, server: name = "test" } = reply(request);
    response.writeHead(status, { server: name, "content-type": "application/json" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endings.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, server };
}

function open(
  port: number,
  name: string,
  type: ServerType = "auto",
  key: string | null = null,
): Upstream {
  const url = `http://127.0.0.1:${port}`;
  const upstream = openUpstream({ url, key, type, name, connectTimeoutMs: 1_000 });
  endings.push(() => upstream.connections.close());
  return upstream;
}

async function catalogOf(
  type: ServerType,
  reply: (request: IncomingMessage) => Reply,
  key: string | null = null,
): Promise<ModelCatalog> {
  const { port } = await serve(reply);
  return createModelCatalog({
    upstreams: [open(port, "up", type, key)],
    freshMs: 60_000,
    timeoutMs: 5_000,
  });
}

const model = (id: string, more: object = {}) => ({ id, object: "model", created: 1, ...more });

describe("the list of an upstream", () => {
  it("of llama-server keeps what it says, with the length of its context", async () => {
    const list = {
      object: "list",
      models: [{ name: "tiny" }],
      data: [
        model("tiny", { owned_by: "llamacpp", meta: { n_ctx: 4096, n_ctx_train: 9 }, tags: [] }),
      ],
    };
    const catalog = await catalogOf("auto", (request) => ({
      server: "llama.cpp",
      body: request.url === "/props" ? { total_slots: 1, is_sleeping: true } : list,
    }));
    expect(await catalog.read()).toEqual([
      {
        id: "tiny",
        created: 1,
        ownedBy: "llamacpp",
        upstream: "up",
        contextLength: 4096,
        status: "sleeping",
        raw: { meta: { n_ctx: 4096, n_ctx_train: 9 }, tags: [] },
      },
    ]);
  });

  it("of llama-server's router shows what is loaded, loading, asleep or not", async () => {
    const values = ["loaded", "loading", "downloading", "sleeping", "unloaded", "constructor"];
    const data = values.map((value) => model(value, { status: { value, args: [] } }));
    const catalog = await catalogOf("llamacpp", () => ({ body: { data } }));
    expect(JSON.stringify(await catalog.read())).not.toContain("args");
    const found = (await catalog.read()).map(({ status }) => status);
    expect(found).toEqual(["loaded", "loading", "loading", "sleeping", "unloaded", null]);
  });

  it.each([
    ["vllm", { max_model_len: 32_768 }, 32_768],
    ["openai", { context_length: 131_072 }, 131_072],
    ["openai", { context_window: 8_192 }, 8_192],
    ["ollama", { context_length: "many" }, null],
  ] as const)("of %s with %o", async (type, more, length) => {
    const catalog = await catalogOf(type, () => ({ body: { data: [model("m", more)] } }));
    expect(await catalog.read()).toMatchObject([
      { contextLength: length, ownedBy: "up", raw: more },
    ]);
  });

  it("of Anthropic is read page by page, with its key and version", async () => {
    const seen: (string | undefined)[] = [];
    const catalog = await catalogOf(
      "anthropic",
      ({ headers, url }) => {
        seen.push(`${url} ${headers["x-api-key"]} ${headers["anthropic-version"]}`);
        expect(headers.authorization).toBeUndefined();
        const claude = { type: "model", display_name: "C", created_at: "2026-01-02T00:00:00Z" };
        return url?.includes("after_id")
          ? {
              body: { data: [{ ...claude, id: "claude-2" }], has_more: false, last_id: "claude-2" },
            }
          : { body: { data: [{ ...claude, id: "claude-1" }], has_more: true, last_id: "a&b" } };
      },
      "theirs",
    );
    expect(await catalog.read()).toMatchObject([
      { id: "claude-1", ownedBy: "anthropic", created: 1_767_312_000, raw: { display_name: "C" } },
      { id: "claude-2" },
    ]);
    expect(seen).toEqual([
      "/v1/models?limit=1000 theirs 2023-06-01",
      "/v1/models?limit=1000&after_id=a%26b theirs 2023-06-01",
    ]);
  });

  it("of Google has names without models/, and is read page by page", async () => {
    const catalog = await catalogOf(
      "google",
      ({ headers, url }) => {
        expect(headers["x-goog-api-key"]).toBe("theirs");
        expect(url?.startsWith("/v1beta/models?pageSize=1000")).toBe(true);
        const gemini = { name: "models/gemini-a", inputTokenLimit: 1_048_576, outputTokenLimit: 9 };
        return url?.endsWith("&pageToken=t")
          ? { body: { models: [{ name: "models/gemini-b" }] } }
          : { body: { models: [gemini], nextPageToken: "t" } };
      },
      "theirs",
    );
    expect(await catalog.read()).toMatchObject([
      { id: "gemini-a", contextLength: 1_048_576, ownedBy: "google", raw: { outputTokenLimit: 9 } },
      { id: "gemini-b", contextLength: null },
    ]);
  });

  it("without end is read to its twentieth page", async () => {
    let pages = 0;
    const catalog = await catalogOf("google", () => ({
      body: { models: [{ name: `models/${++pages}` }], nextPageToken: "more" },
    }));
    expect(await catalog.read()).toHaveLength(20);
  });

  it.each([["not JSON"], ["5"], ['"x"']])("that is %s is an error", async (body) => {
    const catalog = await catalogOf("openai", () => ({ body }));
    await expect(catalog.read()).rejects.toMatchObject({ code: "upstream_error" });
  });

  it("with odd items keeps the others", async () => {
    const data = [null, 3, {}, { id: {} }, { id: "" }, model("m", { created: -1, owned_by: 3 })];
    const catalog = await catalogOf("openai", () => ({ body: { data } }));
    expect(await catalog.read()).toMatchObject([{ id: "m", created: 0, ownedBy: "up" }]);
  });

  it.each([
    ["that are names alone", { data: ["m"] }, "m"],
    ["of Ollama's form", { models: [{ name: "m:1b", model: "m:1b" }] }, "m:1b"],
    ["of LM Studio's form", { models: [{ type: "llm", key: "org/m" }] }, "org/m"],
    ["of LiteLLM's form", { data: [{ model_name: "m" }] }, "m"],
    ["with numbers as ids", { data: [{ id: 4 }] }, "4"],
  ])("has models %s", async (_, body, id) => {
    expect(await (await catalogOf("openai", () => ({ body }))).read()).toMatchObject([{ id }]);
  });

  it("of an upstream without a name does not tell its address", () => {
    const [entry] = entriesOf("openai", { data: [{ id: "m" }] }, "http://10.0.0.7:8080");
    expect(entry).toMatchObject({ upstream: "http://10.0.0.7:8080", ownedBy: "upstream" });
  });
});

describe("the catalogue of several upstreams", () => {
  let time = 0;
  const joined = (upstreams: Upstream[], more: Partial<CatalogOptions> = {}): ModelCatalog =>
    createModelCatalog({ upstreams, freshMs: 1_000, timeoutMs: 5_000, now: () => time, ...more });
  /** Until what goes on behind the scenes has come about. */
  async function settled(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  it("names who lists a model, in the order of the settings", async () => {
    const one = await serve(() => ({ body: { data: [model("shared"), model("own")] } }));
    const two = await serve(() => ({ body: { data: [model("shared")] } }));
    const catalog = joined([open(one.port, "one", "openai"), open(two.port, "two", "openai")]);
    expect(catalog.listedBy("shared")).toEqual([]);
    await catalog.read();
    expect(catalog.listedBy("shared")).toEqual(["one", "two"]);
    expect(catalog.listedBy("own")).toEqual(["one"]);
    expect(catalog.listedBy("constructor")).toEqual([]);
  });

  it("serves an old list at once and asks once for a new one, however many want it", async () => {
    let asked = 0;
    const { port } = await serve(() => ({ body: { data: [model(`m${++asked}`)] } }));
    const catalog = joined([open(port, "one", "openai")]);
    const names = async () => (await catalog.read()).map(({ id }) => id).join();
    expect(await Promise.all([names(), names(), names()])).toEqual(["m1", "m1", "m1"]);
    time += 999;
    expect(await names()).toBe("m1");
    time += 1;
    expect(await Promise.all([names(), names()])).toEqual(["m1", "m1"]);
    await settled(() => catalog.listedBy("m2").length === 1);
    expect(await names()).toBe("m2");
    expect(asked).toBe(2);
  });

  it("keeps the list of one that is away, and does not wait for it", async () => {
    const told: string[] = [];
    const one = await serve(() => ({ body: { data: [model("a")] } }));
    const two = await serve(() => ({ body: { data: [model("b")] } }));
    const away = open(1, "away", "openai");
    const upstreams = [open(one.port, "one", "openai"), away, open(two.port, "two", "openai")];
    const catalog = joined(upstreams, {
      onAnswered: (name) => told.push(`${name} lives`),
      onFailed: (name, error) => told.push(`${name} ${error.code}`),
    });
    expect((await catalog.read()).map(({ id }) => id)).toEqual(["a", "b"]);
    expect(told.toSorted()).toEqual(["away upstream_unreachable", "one lives", "two lives"]);
    one.server.closeAllConnections();
    await new Promise((resolve) => one.server.close(resolve));
    time += 1_000;
    catalog.entries();
    await settled(() => told.length === 6);
    expect(told).toContain("one upstream_unreachable");
    expect((await catalog.read()).map(({ id }) => id)).toEqual(["a", "b"]);
  });

  it("shows the models of one that loads as loading", async () => {
    let loading = false;
    let asked = 0;
    const { port } = await serve(() => {
      asked += 1;
      return loading
        ? { status: 503, body: { error: { message: "Loading model", code: 503 } } }
        : { body: { data: [model("a")] } };
    });
    const catalog = joined([open(port, "one", "openai")]);
    await catalog.read();
    loading = true;
    time += 1_000;
    catalog.entries();
    await settled(() => asked === 2 && catalog.entries()[0]?.status === "loading");
    expect(await catalog.read()).toMatchObject([{ id: "a", status: "loading" }]);
  });

  it("has an error where nothing is known and nobody answers", async () => {
    const catalog = joined([open(1, "away", "openai"), open(2, "gone", "openai")]);
    await expect(catalog.read()).rejects.toMatchObject({ code: "upstream_unreachable" });
    expect(catalog.entries()).toEqual([]);
  });
});
