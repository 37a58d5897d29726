import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isJsonObject, type JsonObject } from "../json-object.ts";
import { scriptedModel } from "./agents/scripted-model.ts";
import { startTestGateway } from "./support/harness.ts";

// Requests of coding agents in their own forms, recorded by `npm run test:clients`; texts are filler.

const folder = join(import.meta.dirname, "fixtures/agents");
const agents = readdirSync(folder).map((file) => file.replace(".json", ""));

type Shape = { path: string; body: JsonObject };
const shapeOf = (agent: string): Shape =>
  JSON.parse(readFileSync(join(folder, `${agent}.json`), "utf8"));

const objects = (value: unknown): JsonObject[] =>
  Array.isArray(value) ? value.filter(isJsonObject) : [];

/** What every provider refuses in a request of its API; one line for each fault. */
const faults: Readonly<Record<string, (body: JsonObject) => string[]>> = {
  chat(body) {
    const turns = objects(body.messages);
    const late = turns.slice(1).filter(({ role }) => role === "system" || role === "developer");
    const twice = turns.filter(({ role }, at) => role === "user" && turns[at - 1]?.role === "user");
    const calls = new Set(turns.flatMap((turn) => objects(turn.tool_calls).map(({ id }) => id)));
    const stray = turns.filter(({ role, tool_call_id: id }) => role === "tool" && !calls.has(id));
    const names = objects(body.tools).map((tool) => Object(tool.function).name);
    return [
      ...late.map(() => "a late system message"),
      ...twice.map(() => "two turns of the user"),
      ...stray.map(({ tool_call_id: id }) => `a result without its call: ${id}`),
      ...names.filter((name) => !/^[a-zA-Z0-9_-]{1,64}$/.test(name)),
      ...(JSON.stringify(turns).includes("x-anthropic-billing") ? ["the billing line"] : []),
    ];
  },
  messages(body) {
    const blocks = objects(body.messages).flatMap(({ content }) => objects(content));
    const ids = blocks
      .map(({ id, tool_use_id }) => id ?? tool_use_id)
      .filter((id) => id !== undefined);
    const tools = objects(body.tools);
    const budget = Number(Object(body.thinking).budget_tokens ?? 0);
    return [
      ...ids.filter((id) => !/^[a-zA-Z0-9_-]+$/.test(String(id))).map((id) => `the id ${id}`),
      ...tools
        .filter(({ name }) => !/^[a-zA-Z0-9_-]{1,128}$/.test(String(name)))
        .map(({ name }) => `${name}`),
      ...tools.filter(({ input_schema: s }) => Object(s).type !== "object").map(() => "no object"),
      ...(objects(body.messages)[0]?.role === "user" ? [] : ["the user does not begin"]),
      ...(budget < Number(body.max_tokens) ? [] : ["a budget above the limit"]),
    ];
  },
  gemini(body) {
    const parts = objects(body.contents).map((turn) => objects(turn.parts));
    const calls = parts.flat().flatMap(({ functionCall }) => (functionCall ? [functionCall] : []));
    const declared = objects(body.tools).flatMap((tool) => objects(tool.functionDeclarations));
    return [
      ...parts.filter((list) => list.length === 0).map(() => "a turn without parts"),
      ...calls
        .filter((call) => !isJsonObject(Object(call).args))
        .map(() => "arguments that are no object"),
      ...declared
        .filter(({ name }) => !/^[a-zA-Z_][\w.:-]{0,63}$/.test(String(name)))
        .map(({ name }) => `${name}`),
    ];
  },
};

const upstreams = [
  ["chat", "auto"],
  ["messages", "anthropic"],
  ["gemini", "google"],
] as const;

describe.each(upstreams)("a request in its own form, at a server of %s alone", (api, type) => {
  it.each(agents)("of %s is answered, and the server gets what it takes", async (agent) => {
    const { path, body } = shapeOf(agent);
    const task = { file: "/note.txt", before: "one", after: "two" };
    await using gateway = await startTestGateway(scriptedModel(task, api), {
      UPSTREAM_TYPE: type,
      ...(type === "auto" ? { UPSTREAM_API: "chat" } : {}),
    });
    const response = await gateway.post(path, {
      ...body,
      ...("model" in body ? { model: "mock" } : {}),
    });
    expect(response.status).toBe(200);
    // The script says that it is done, or makes its next call.
    expect(/done\.|exec_command/.test(await response.text())).toBe(true);
    const sent = JSON.parse(gateway.upstream.seen.at(-1)?.body.toString() ?? "{}");
    expect(faults[api]?.(sent)).toEqual([]);
  });
});
