import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/harness.ts";
import { holding, inLine } from "./support/holding.ts";
import type { Handler } from "./support/mock-upstream.ts";

// Requests as the programs make them: of Home Assistant, homeassistant/components/ollama with the
// package ollama 0.6.3; of Open WebUI 0.12.4, its routers/ollama.py and utils/payload.py.

let gateway: TestGateway;
afterEach(() => gateway.stop());

const requestOf = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(import.meta.dirname, `fixtures/agents/${name}.json`), "utf8")).body;

const bearer = (key: string): RequestInit => ({ headers: { authorization: `Bearer ${key}` } });
const get = (path: string, key = gateway.keys.alice ?? ""): Promise<Response> =>
  fetch(gateway.url + path, bearer(key));

const says: Handler = (_seen, response) => {
  const choices = [{ index: 0, delta: { content: "It is on." }, finish_reason: "stop" }];
  response.setHeader("content-type", "text/event-stream");
  response.end(`data: ${JSON.stringify({ id: "u", choices })}\n\ndata: [DONE]\n\n`);
};

/** What the upstream was asked last. */
const sent = () => JSON.parse(String(gateway.upstream.seen.at(-1)?.body));

describe("Home Assistant", () => {
  it("takes the address and the key, and finds the model under the name that it then asks for", async () => {
    gateway = await startTestGateway(says);
    // A 401 makes it ask for another key.
    expect((await get("/api/tags", "sk-wrong")).status).toBe(401);
    const { models } = (await (await get("/api/tags")).json()) as { models: { model: string }[] };
    const body = { ...requestOf("home-assistant"), model: models[0]?.model };
    expect((await gateway.post("/api/chat", body)).status).toBe(200);
  });

  it("asks for its sensors again and again, and takes no slot", async () => {
    const held = holding();
    gateway = await startTestGateway(held.handler, { MAX_CONCURRENT: "1" });
    const first = gateway.post("/api/chat", requestOf("home-assistant"), { user: "bob" });
    await inLine(gateway, { active: 1 });
    const answers = await Promise.all([get("/api/tags"), get("/api/ps")]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    held.releaseAll();
    await (await first).text();
    expect(gateway.rows()).toHaveLength(1);
  });

  it("sends results without a name or an id: each goes to its call, in order", async () => {
    gateway = await startTestGateway(says);
    const answer = await gateway.post("/api/chat", requestOf("home-assistant"));
    expect(await answer.text()).toContain("It is on.");
    const { messages, tools } = sent();
    const [, , calls, ...rest] = messages;
    const results = rest.filter(({ role }: { role: string }) => role === "tool");
    const idsOf = (list: object[], field: string) => list.map((one) => Object(one)[field]);
    expect(idsOf(results, "tool_call_id")).toEqual(idsOf(calls.tool_calls, "id"));
    expect(new Set(idsOf(calls.tool_calls, "id")).size).toBe(2);
    expect(tools).toHaveLength(3);
    const dropped = answer.headers.get("x-gateway-dropped")?.split(", ").sort();
    expect(dropped).toEqual(["keep_alive", "options.num_ctx"]);
  });

  it("asks a task with a picture for data of its own form", async () => {
    gateway = await startTestGateway(says);
    expect((await gateway.post("/api/chat", requestOf("home-assistant-task"))).status).toBe(200);
    const { messages, response_format: format } = sent();
    expect(format.json_schema.schema.required).toEqual(["animal"]);
    expect(JSON.stringify(messages)).toContain("data:image/png;base64,iVBORw0KGgo");
  });
});

describe("Open WebUI's connection to an Ollama", () => {
  it("is verified, and lists what is there and what is loaded", async () => {
    gateway = await startTestGateway(says);
    const paths = ["/api/version", "/api/tags", "/api/ps"];
    const bodies = await Promise.all(paths.map(async (path) => (await get(path)).json()));
    expect(bodies).toEqual([
      { version: expect.any(String) },
      { models: [expect.objectContaining({ name: "mock", model: "mock" })] },
      { models: [] },
    ]);
  });

  it("sends pictures, thoughts, calls and options on, and names what is dropped", async () => {
    gateway = await startTestGateway(says);
    const answer = await gateway.post("/api/chat", requestOf("open-webui-ollama"));
    expect(answer.status).toBe(200);
    const body = sent();
    expect(body).toMatchObject({ temperature: 0.7, max_tokens: 200, seed: 42, stop: ["END"] });
    expect(body.messages.map(({ role }: { role: string }) => role)).toEqual([
      ...["system", "user", "assistant", "tool"],
    ]);
    expect(body.messages[2].tool_calls[0].function.arguments).toBe('{"city":"Bern"}');
    expect(body.messages[3].tool_call_id).toBe(body.messages[2].tool_calls[0].id);
    expect(answer.headers.get("x-gateway-dropped")?.split(", ")).toContain("options.mirostat");
  });

  it("reads one JSON object from each line, also while it waits", async () => {
    const held = holding();
    gateway = await startTestGateway(held.handler, { MAX_CONCURRENT: "1" });
    const first = gateway.post("/api/chat", requestOf("open-webui-ollama"), { user: "bob" });
    await inLine(gateway, { active: 1 });
    const second = gateway.post("/api/chat", requestOf("open-webui-ollama"));
    await inLine(gateway, { waiting: 1 });
    held.releaseAll();
    await (await first).text();
    const lines = (await (await second).text()).split("\n");
    expect(lines.pop()).toBe("");
    const parts = lines.map((line) => JSON.parse(line));
    expect(parts[0]).toMatchObject({ message: { content: "" }, queue: { position: 1 } });
    expect(parts.map(({ done }) => done)).toEqual([...parts.slice(1).map(() => false), true]);
  });
});
