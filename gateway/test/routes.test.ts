import type { ServerResponse } from "node:http";
import Anthropic from "@anthropic-ai/sdk";
import { afterEach, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { type MockUpstream, type Seen, startMockUpstream } from "./support/mock-upstream.ts";

const opened: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

/** An upstream that says who it is and which model it was asked for. */
async function server(
  name: string,
  [status, ...models]: [number, ...string[]] = [200, "mock"],
): Promise<MockUpstream> {
  const upstream = await startMockUpstream(
    (seen, response) => answer(name, seen, response, status),
    models,
  );
  opened.push(upstream);
  return upstream;
}

function answer(name: string, seen: Seen, response: ServerResponse, status: number): void {
  const { model } = JSON.parse(seen.body.toString()) as { model: string };
  response.writeHead(status, { "content-type": "application/json" });
  if (status !== 200) response.end('{"error":{"message":"no"}}');
  else {
    const message = { role: "assistant", content: `${name} as ${model}` };
    const choices = [{ index: 0, message, finish_reason: "stop" }];
    const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
    response.end(JSON.stringify({ id: "x", object: "chat.completion", model, choices, usage }));
  }
}

async function gatewayWith(config: string, env: Record<string, string> = {}): Promise<TestGateway> {
  const gateway = await startTestGateway(() => {}, env, config);
  opened.push({ close: () => gateway.stop() });
  return gateway;
}

async function said(gateway: TestGateway, model: string): Promise<string> {
  const response = await gateway.post("/v1/chat/completions", chat({ model }));
  const body = (await response.json()) as { choices?: { message: { content: string } }[] };
  return body.choices?.[0]?.message.content ?? `${response.status} ${JSON.stringify(body)}`;
}

describe("routes", () => {
  it("with several names for one model count as one model at an upstream that holds one", async () => {
    const a = await server("a");
    const together: (() => void)[] = [];
    a.answer((seen, response) => {
      together.push(() => answer("a", seen, response, 200));
      if (together.length === 3) for (const end of together) end();
    });
    const gateway = await gatewayWith(
      `upstreams:
  a: { url: "${a.url}", type: openai, max_concurrent: 3, exclusive_models: true }
routes:
  - { model: large, upstream: a, as: mock }
  - { model: smart, upstream: a, as: mock }
  - { model: "*", upstream: a }
`,
      { UPSTREAM_URL: "" },
    );
    const names = ["large", "smart", "mock"];
    const answers = await Promise.all(names.map((name) => said(gateway, name)));
    expect(answers).toEqual(["a as mock", "a as mock", "a as mock"]);
  });

  it("lead MODEL_ID to its model, and do not list it as a second model", async () => {
    const gateway = await gatewayWith("", {
      MODEL_ID: "house/chat",
      MAX_CONCURRENT: "2",
      EXCLUSIVE_MODELS: "on",
    });
    await fetch(`${gateway.url}/v1/models`, {
      headers: { authorization: `Bearer ${gateway.keys.alice}` },
    });
    const together: (() => void)[] = [];
    gateway.upstream.answer((seen, response) => {
      together.push(() => answer("it", seen, response, 200));
      if (together.length === 2) for (const end of together) end();
    });
    const names = ["house/chat", "mock"];
    const answers = await Promise.all(names.map((name) => said(gateway, name)));
    expect(answers).toEqual(["it as mock", "it as mock"]);
  });

  it("lead from a name, a glob, an alias and a default to upstreams and their own names", async () => {
    const [a, b] = [await server("a"), await server("b")];
    const gateway = await gatewayWith(
      `upstreams:
  a: { url: "${a.url}", type: openai }
  b: { url: "${b.url}", type: openai }
routes:
  - { model: "gpt-4o", upstream: a }
  - { model: "gpt-*", upstream: b }
  - { model: fast, upstream: b, as: llama-3.2-3b }
  - { model: "*", upstream: a }
`,
      { UPSTREAM_URL: "" },
    );
    expect(await said(gateway, "gpt-4o")).toBe("a as gpt-4o");
    expect(await said(gateway, "gpt-4o-mini")).toBe("b as gpt-4o-mini");
    expect(await said(gateway, "fast")).toBe("b as llama-3.2-3b");
    expect(await said(gateway, "whatever")).toBe("a as whatever");
    expect(gateway.rows().map(({ upstream, model }) => [model, upstream])).toEqual([
      ["gpt-4o", "a"],
      ["gpt-4o-mini", "b"],
      ["fast", "b"],
      ["whatever", "a"],
    ]);
  });

  it("leave all other models to UPSTREAM_URL, also beside a config file", async () => {
    const a = await server("a");
    const gateway = await gatewayWith(
      `upstreams: { a: { url: "${a.url}", type: openai } }
routes: [{ model: "gpt-*", upstream: a }]
`,
    );
    gateway.upstream.answer((seen, response) => answer("default", seen, response, 200));
    expect(await said(gateway, "gpt-x")).toBe("a as gpt-x");
    expect(await said(gateway, "phi")).toBe("default as phi");
  });

  it("end in a 404 with a list of models if neither a route nor a default fits", async () => {
    const a = await server("a");
    const gateway = await gatewayWith(
      `upstreams: { a: { url: "${a.url}", type: openai } }
routes: [{ model: qwen, upstream: a }, { model: "gpt-*", upstream: a }]
`,
      { UPSTREAM_URL: "" },
    );
    await until(() => a.seen.length >= 0, "the list is read");
    const response = await gateway.post("/v1/chat/completions", chat({ model: "nope" }));
    expect(response.status).toBe(404);
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    expect(error.code).toBe("model_not_found");
    expect(error.message).toContain("qwen");
    expect(gateway.rows()).toEqual([]);
  });

  it("find a model without a route by the lists of the upstreams", async () => {
    const a = await server("a");
    const gateway = await gatewayWith(`upstreams: { a: { url: "${a.url}", type: openai } }\n`, {
      UPSTREAM_URL: "",
    });
    await until(async () => (await said(gateway, "mock")) === "a as mock", "mock is found");
    expect(await said(gateway, "other")).toContain("404");
  });
});

describe("several upstreams for one model", () => {
  const two = (a: MockUpstream, b: MockUpstream, more = ""): string =>
    `upstreams:
  a: { url: "${a.url}", type: openai${more} }
  b: { url: "${b.url}", type: openai }
routes:
  - { model: "*", upstreams: [a, b] }
`;

  it("run as many at once as both have slots", async () => {
    const waiting: (() => void)[] = [];
    const hold = (name: string) => (seen: Seen, response: ServerResponse) => {
      waiting.push(() => answer(name, seen, response, 200));
    };
    const a = await startMockUpstream(hold("a"));
    const b = await startMockUpstream(hold("b"));
    opened.push(a, b);
    const gateway = await gatewayWith(two(a, b), { UPSTREAM_URL: "" });
    const answers = ["alice", "bob", "carol"].map((user) =>
      gateway.post("/v1/chat/completions", chat(), { user }),
    );
    await until(() => waiting.length === 2, "two run");
    expect([a.active(), b.active()]).toEqual([1, 1]);
    expect((await gateway.health()).line).toMatchObject({ active: 2, waiting: 1, capacity: 2 });
    for (let done = 0; done < 3; done++) {
      await until(() => waiting.length > 0, "the next runs");
      waiting.shift()?.();
    }
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it.each([502, 503, 429])("ask another one where the first says %i", async (status) => {
    const a = await server("a", [status, "mock"]);
    const b = await server("b");
    const gateway = await gatewayWith(two(a, b), { UPSTREAM_URL: "" });
    expect(await said(gateway, "m")).toBe("b as m");
    const [row] = gateway.rows();
    expect(row).toMatchObject({ state: "done", upstream: "b", status: 200 });
  });

  it("lose no request without a first byte when one of them dies", async () => {
    const a = await server("a");
    const b = await server("b");
    const gateway = await gatewayWith(two(a, b), { UPSTREAM_URL: "" });
    const many = Array.from({ length: 40 }, async (_, index) => {
      if (index === 20) await a.close();
      const response = await gateway.post("/v1/chat/completions", chat());
      await response.arrayBuffer();
      return response.status;
    });
    const statuses = await Promise.all(many);
    // Those that a had begun to work on may be lost; all others are b's.
    expect(statuses.filter((status) => status !== 200).length).toBeLessThanOrEqual(1);
    expect(gateway.rows()).toHaveLength(40);
    expect(await said(gateway, "m")).toBe("b as m");
  });

  it("send nothing new to one that is draining", async () => {
    const a = await server("a");
    const b = await server("b");
    const gateway = await gatewayWith(two(a, b, ", drain: true"), { UPSTREAM_URL: "" });
    for (let n = 0; n < 4; n++) expect(await said(gateway, "m")).toBe("b as m");
    expect(a.seen).toEqual([]);
  });

  it("fall back in order, and only if the earlier ones cannot serve", async () => {
    const a = await server("a", [503, "mock"]);
    const b = await server("b");
    const gateway = await gatewayWith(
      `upstreams:
  a: { url: "${a.url}", type: openai }
  b: { url: "${b.url}", type: openai }
routes: [{ model: m, upstream: a, fallbacks: [{ name: b, model: other }] }]
`,
      { UPSTREAM_URL: "" },
    );
    expect(await said(gateway, "m")).toBe("b as other");
    a.answer((seen, response) => answer("a", seen, response, 200));
    await until(async () => (await said(gateway, "m")) === "a as m", "a is back");
  });

  it("prefer the one that served the conversation last", async () => {
    const a = await server("a");
    const b = await server("b");
    const gateway = await gatewayWith(two(a, b), { UPSTREAM_URL: "" });
    const turn = async (messages: object[]): Promise<string> => {
      const response = await gateway.post("/v1/chat/completions", chat({ messages }));
      const body = (await response.json()) as { choices: { message: { content: string } }[] };
      return (body.choices[0]?.message.content ?? "").slice(0, 1);
    };
    for (let n = 0; n < 6; n++) {
      const first = { role: "user", content: `conversation ${n}` };
      const served = await turn([first]);
      const next = [first, { role: "assistant", content: "x" }, { role: "user", content: "y" }];
      expect(await turn(next)).toBe(served);
    }
  });
});

describe("what is listed", () => {
  it("can be used, also if routes name its upstream for other models", async () => {
    const a = await server("a");
    const gateway = await gatewayWith(
      `upstreams: { a: { url: "${a.url}", type: openai } }
routes: [{ model: "gpt-*", upstream: a }]
`,
      { UPSTREAM_URL: "" },
    );
    await until(async () => (await said(gateway, "mock")) === "a as mock", "mock is served");
  });

  it("is used only to find its upstream: the default still gets models without a route", async () => {
    const a = await server("a");
    const gateway = await gatewayWith(
      `upstreams: { a: { url: "${a.url}", type: openai } }
routes: [{ model: "gpt-*", upstream: a }]
`,
    );
    gateway.upstream.answer((seen, response) => answer("default", seen, response, 200));
    // Both list the model "mock".
    const headers = { authorization: `Bearer ${gateway.keys.alice}` };
    const list = await fetch(`${gateway.url}/v1/models`, { headers });
    expect(((await list.json()) as { data: object[] }).data).toHaveLength(1);
    expect(await said(gateway, "mock")).toBe("default as mock");
  });

  it("is in Gemini's shape for Google's own client on every path", async () => {
    const a = await server("a");
    const gateway = await gatewayWith(`upstreams: { a: { url: "${a.url}", type: openai } }\n`, {
      UPSTREAM_URL: "",
    });
    const headers = { "x-goog-api-key": gateway.keys.alice ?? "" };
    for (const path of ["/v1/models", "/v1beta/models"]) {
      const list = await fetch(gateway.url + path, { headers });
      expect(await list.json()).toMatchObject({ models: [{ name: "models/mock" }] });
    }
  });

  it("is in Anthropic's shape for Anthropic's client", async () => {
    const a = await server("a");
    const gateway = await gatewayWith(`upstreams: { a: { url: "${a.url}", type: openai } }\n`, {
      UPSTREAM_URL: "",
    });
    const client = new Anthropic({ baseURL: gateway.url, apiKey: gateway.keys.alice ?? "" });
    const listed = await Array.fromAsync(client.models.list());
    // The compiler judges that a whole model of the SDK looks so.
    const whole = {
      ...{ type: "model", id: "mock", display_name: "mock", lifecycle: "active", line: null },
      ...{ capabilities: null, max_input_tokens: null, max_tokens: null },
      ...{ deprecated_at: null, retires_at: null, created_at: expect.any(String) },
    } satisfies Anthropic.ModelInfo;
    expect(listed).toEqual([whole]);
    expect(await client.models.retrieve("mock")).toMatchObject(whole);
  });

  it("is asked for a model only where there are several", async () => {
    const a = await server("a");
    const gateway = await gatewayWith(`upstreams: { a: { url: "${a.url}", type: openai } }\n`, {
      UPSTREAM_URL: "",
    });
    const headers = { authorization: `Bearer ${gateway.keys.alice}` };
    await fetch(`${gateway.url}/v1/models`, { headers });
    for (const [path, body] of [
      ["/v1/chat/completions", { ...chat(), model: undefined }],
      ["/infill", { input_prefix: "a", input_suffix: "b" }],
    ] as const) {
      const response = await gateway.post(path, body);
      expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
    }
  });

  it("gives a clear error if a client has the version in its path twice", async () => {
    const gateway = await gatewayWith("port: 0\n");
    const response = await gateway.post("/v1/v1/messages", chat());
    expect(response.status).toBe(404);
    expect(await response.text()).toContain(
      "The path contains /v1/v1. Remove /v1 from your client's base URL.",
    );
  });
});

describe("GET /v1/models", () => {
  it("joins routes and lists, with owned_by, by what the key may use", async () => {
    const a = await server("a");
    const gateway = await gatewayWith(
      `upstreams: { a: { url: "${a.url}", type: openai } }
routes: [{ model: fast, upstream: a, as: mock }, { model: "gpt-*", upstream: a }]
`,
      { UPSTREAM_URL: "" },
    );
    const headers = { authorization: `Bearer ${gateway.keys.alice}` };
    const list = await fetch(`${gateway.url}/v1/models`, { headers });
    const { data } = (await list.json()) as { data: { id: string; owned_by: string }[] };
    expect(data.map(({ id }) => id)).toEqual(["fast", "mock"]);
    expect(data.every(({ owned_by: owner }) => owner.length > 0)).toBe(true);
    const one = await fetch(`${gateway.url}/v1/models/fast`, { headers });
    expect(await one.json()).toMatchObject({ id: "fast", object: "model" });
    const none = await fetch(`${gateway.url}/v1/models/nope`, { headers });
    expect(none.status).toBe(404);
  });
});

describe("an upstream that is only a fallback", () => {
  const list = async (gateway: TestGateway): Promise<string[]> => {
    const headers = { authorization: `Bearer ${gateway.keys.alice}` };
    const response = await fetch(`${gateway.url}/v1/models`, { headers });
    return ((await response.json()) as { data: { id: string }[] }).data.map(({ id }) => id);
  };

  it("is reached only as one: its models are neither listed nor served by name", async () => {
    const gpu = await server("gpu", [200, "qwen3-8b", "gemma"]);
    const cloud = await server("cloud", [200, "claude-opus", "gemma"]);
    const gateway = await gatewayWith(
      `upstreams:
  gpu: { url: "${gpu.url}", type: openai }
  cloud: { url: "${cloud.url}", type: openai }
routes:
  - { model: "qwen*", upstream: gpu, fallbacks: [{ name: cloud, model: claude-haiku }] }
`,
      { UPSTREAM_URL: "" },
    );
    expect(await list(gateway)).toEqual(["qwen3-8b", "gemma"]);
    expect(await said(gateway, "claude-opus")).toMatch(/^404 .*model_not_found/);
    expect(await said(gateway, "gemma")).toBe("gpu as gemma");
    expect(await said(gateway, "qwen3-8b")).toBe("gpu as qwen3-8b");
    expect(cloud.seen).toEqual([]);
    await gpu.close();
    expect(await said(gateway, "qwen3-8b")).toBe("cloud as claude-haiku");
    expect(await list(gateway)).toContain("qwen3-8b");
  });

  it("keeps a model listed while the others are down, after a restart too", async () => {
    const gpu = await server("gpu", [200, "qwen3-8b"]);
    const cloud = await server("cloud", [200, "qwen3-8b", "claude-opus"]);
    await gpu.close();
    const gateway = await gatewayWith(
      `upstreams:
  gpu: { url: "${gpu.url}", type: openai }
  cloud: { url: "${cloud.url}", type: openai }
routes:
  - { model: "qwen*", upstream: gpu, fallbacks: [cloud] }
  - { model: small, upstream: gpu, fallbacks: [{ name: cloud, model: claude-haiku }] }
`,
      { UPSTREAM_URL: "" },
    );
    expect((await list(gateway)).sort()).toEqual(["qwen3-8b", "small"]);
    expect(await said(gateway, "qwen3-8b")).toBe("cloud as qwen3-8b");
  });
});
