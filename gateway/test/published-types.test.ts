import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/harness.ts";
import { startThreeFamilies } from "./support/three-families.ts";

// What the gateway writes, judged by the types of the published SDKs. Answers that came over HTTP
// become a source text, and the compiler says which of them are not of the type that they should be.

const modules = join(import.meta.dirname, "../../node_modules");

/**
 * The SDKs' types, as JSON has them: texts for enums, and all of it read only. Some things are
 * other on the wire than in the types. OpenAI's responses have `"usage":null` before the end, and
 * their `access_programs` are a matter of its own accounts. Anthropic leaves out `caller` and what
 * may be null: clients with schemas refuse a null there.
 */
const prelude = `import type OpenAI from "openai";
import type Anthropic from "@anthropic-ai/sdk";
import type { GenerateContentResponse } from "@google/genai";
type Json<T> = T extends string ? \`\${T}\`
  : T extends readonly (infer U)[] ? readonly Json<U>[]
  : T extends object ? { readonly [K in keyof T]: Json<T[K]> } : T;
type MayBeMissing<T> = { [K in keyof T]: null extends T[K] ? K : K extends "caller" ? K : never }[keyof T];
type Sparse<T> = T extends readonly (infer U)[] ? readonly Sparse<U>[]
  : T extends object ? { readonly [K in Exclude<keyof T, MayBeMissing<T>>]: Sparse<T[K]> }
      & { readonly [K in MayBeMissing<T>]?: Sparse<T[K]> } : T;
type Gemini = Pick<GenerateContentResponse,
  "candidates" | "modelVersion" | "promptFeedback" | "responseId" | "usageMetadata">;
type OpenAiResponse = Omit<OpenAI.Responses.Response, "output_text" | "usage" | "access_programs">
  & { usage: OpenAI.Responses.ResponseUsage | null };
type WithResponse<E> = E extends { response: OpenAI.Responses.Response }
  ? Omit<E, "response"> & { response: OpenAiResponse } : E;
type ResponseEvent = WithResponse<OpenAI.Responses.ResponseStreamEvent>;
type OpenAiError = { error: OpenAI.ErrorObject };
type Message = Sparse<Anthropic.Message>;
type MessageEvent = Sparse<Anthropic.RawMessageStreamEvent>;
`;

/** A value, and the name of its type. Further fields are allowed: clients take them. */
type Judged = { readonly title: string; readonly type: string; readonly value: unknown };

/** The values that are not of their types, with the compiler's words. */
async function faultsOf(judged: readonly Judged[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "published-types-"));
  try {
    symlinkSync(modules, join(folder, "node_modules"));
    const lines = judged.map(({ type, value }, at) => {
      return `const v${at} = ${JSON.stringify(value)} as const; v${at} satisfies Json<${type}>;`;
    });
    writeFileSync(join(folder, "judged.ts"), prelude + lines.join("\n"));
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    const flags =
      "--noEmit --strict --skipLibCheck --target esnext --module nodenext --pretty false";
    const run = promisify(execFile)(
      join(modules, ".bin/tsc"),
      [...flags.split(" "), "--types", "node", "judged.ts"],
      { cwd: folder, maxBuffer: 64 * 1024 * 1024 },
    );
    type Failed = { code: unknown; stdout: string; stderr: string };
    const { code, stdout, stderr } = await run.then(
      (printed) => ({ code: 0, ...printed }),
      (failed: Failed) => failed,
    );
    const first = prelude.split("\n").length;
    const faults = stdout.split(/\n(?=judged)/).flatMap((text) => {
      const [, line] = /^judged\.ts\((\d+),/.exec(text) ?? [];
      if (line === undefined) return text.trim() === "" ? [] : [text];
      const { title = "?", value = null } = judged[Number(line) - first] ?? {};
      return [`${title}: ${text.replace(/\s+/g, " ").slice(0, 600)}\n${JSON.stringify(value)}`];
    });
    // A compiler that did not run has no complaints either.
    if (code !== 0 && faults.length === 0) throw new Error(`tsc: ${String(code)} ${stderr}`);
    return faults;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const messages = [{ role: "user", content: "hi" }];
const tool = { name: "f", description: "d" };
const schema = { type: "object", properties: {} };
const responses = {
  input: "hi",
  instructions: "be short",
  tools: [{ type: "function", ...tool, parameters: schema, strict: false }],
};

/** A client's request and the types of its whole answer and of its events. */
const clients = {
  chat: {
    path: () => "/v1/chat/completions",
    body: { messages, tools: [{ type: "function", function: { ...tool, parameters: schema } }] },
    whole: "OpenAI.ChatCompletion",
    event: "OpenAI.ChatCompletionChunk",
  },
  responses: {
    path: () => "/v1/responses",
    body: responses,
    whole: "OpenAiResponse",
    event: "ResponseEvent",
  },
  messages: {
    path: () => "/v1/messages",
    body: { max_tokens: 99, messages, tools: [{ ...tool, input_schema: schema }] },
    whole: "Message",
    event: "MessageEvent",
  },
  gemini: {
    path: (model: string, streams: boolean) =>
      `/v1beta/models/${model}:${streams ? "streamGenerateContent?alt=sse" : "generateContent"}`,
    body: { contents: [{ role: "user", parts: [{ text: "hi" }] }] },
    whole: "Gemini",
    event: "Gemini",
  },
} as const;

type ClientName = keyof typeof clients;

async function ask(
  gateway: TestGateway,
  name: ClientName,
  model: string,
  streams: boolean,
): Promise<Response> {
  const { path, body } = clients[name];
  const asked = name === "gemini" ? body : { model, ...body, ...(streams ? { stream: true } : {}) };
  return gateway.post(path(model, streams), asked);
}

/** A whole answer and each event of a stream. */
async function answersOf(gateway: TestGateway, name: ClientName, model: string): Promise<Judged[]> {
  const { whole, event } = clients[name];
  const title = `${name} to ${model}`;
  const answer = await ask(gateway, name, model, false);
  expect([title, answer.status]).toEqual([title, 200]);
  const value = await answer.json();
  const text = await (await ask(gateway, name, model, true)).text();
  const events = [...text.matchAll(/^data: (\{.*)$/gm)]
    .map(([, data = ""]): { type?: string } => JSON.parse(data))
    // Anthropic's pings are in no type of its SDK.
    .filter(({ type }) => type !== "ping");
  expect(events.length).toBeGreaterThan(0);
  return [
    { title: `${title}, whole`, type: whole, value },
    ...events.map((one) => {
      return { title: `${title}, event ${one.type ?? ""}`, type: event, value: one };
    }),
  ];
}

/** The gateway's own error for a model that is not there. */
async function errorOf(gateway: TestGateway, name: ClientName, type: string): Promise<Judged> {
  const answer = await ask(gateway, name, "nowhere", false);
  expect(answer.status).toBe(404);
  return { title: `an error for ${name}`, type, value: await answer.json() };
}

async function listed(gateway: TestGateway, headers: object, type: string): Promise<Judged[]> {
  const key = { authorization: `Bearer ${gateway.keys.alice}` };
  const answer = await fetch(`${gateway.url}/v1/models`, { headers: { ...key, ...headers } });
  const { data } = (await answer.json()) as { data: unknown[] };
  expect(data).not.toEqual([]);
  return data.map((value) => ({ title: "a model of the list", type, value }));
}

const converted: readonly [ClientName, string][] = [
  ["chat", "anthropic"],
  ["chat", "google"],
  ["responses", "openai"],
  ["responses", "anthropic"],
  ["responses", "google"],
  ["messages", "openai"],
  ["messages", "google"],
  ["gemini", "openai"],
  ["gemini", "anthropic"],
];

it("conversions, errors and lists are of the types of the SDKs", async () => {
  await using gateway = await startThreeFamilies(undefined, "chat");
  const judged: Judged[] = [];
  for (const [name, model] of converted) judged.push(...(await answersOf(gateway, name, model)));
  judged.push(
    await errorOf(gateway, "chat", "OpenAiError"),
    await errorOf(gateway, "responses", "OpenAiError"),
    await errorOf(gateway, "messages", "Anthropic.ErrorResponse"),
    ...(await listed(gateway, {}, "OpenAI.Model")),
    ...(await listed(gateway, { "anthropic-version": "2023-06-01" }, "Anthropic.ModelInfo")),
  );
  const count = await gateway.post("/v1/messages/count_tokens", { model: "openai", messages });
  const tokens = "Anthropic.MessageTokensCount";
  judged.push({ title: "a count of tokens", type: tokens, value: await count.json() });
  expect(await faultsOf(judged)).toEqual([]);
}, 60_000);

type Path = readonly (string | number)[];

/** The places of an upstream's answer, not deeper than its messages and their parts. */
function placesIn(value: unknown, at: Path = []): Path[] {
  if (typeof value !== "object" || value === null || at.length > 4) return [];
  const names = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return names.flatMap((name) => {
    const place = [...at, name];
    return [place, ...placesIn(Reflect.get(value, name), place)];
  });
}

/** The value without what is at a place. */
function without(value: unknown, [name, ...rest]: Path): unknown {
  if (typeof value !== "object" || value === null || name === undefined) return value;
  if (Array.isArray(value)) {
    const all = value.map((one, at) => (at === name && rest.length > 0 ? without(one, rest) : one));
    return rest.length > 0 ? all : all.filter((_, at) => at !== name);
  }
  const kept = Object.entries(value).filter(([key]) => rest.length > 0 || key !== name);
  return Object.fromEntries(
    kept.map(([key, one]) => [key, key === name ? without(one, rest) : one]),
  );
}

it("whatever one field a server leaves out, a conversion is of those types or an error", async () => {
  const places = new Map<string, Path>();
  let gone: Path = [];
  await using gateway = await startThreeFamilies((value) => {
    for (const place of placesIn(value)) places.set(place.join("."), place);
    return without(value, gone);
  }, "chat");
  for (const [name, model] of converted) await ask(gateway, name, model, false);
  expect(places.size).toBeGreaterThan(40);
  const judged: Judged[] = [];
  for (const place of places.values()) {
    gone = place;
    for (const [name, model] of converted) {
      const answer = await ask(gateway, name, model, false);
      const title = `${name} to ${model} without ${place.join(".")}`;
      const value = await answer.json();
      if (answer.status === 200) judged.push({ title, type: clients[name].whole, value });
      else expect([title, answer.status]).toEqual([title, 502]);
    }
  }
  expect(judged.length).toBeGreaterThan(200);
  expect(await faultsOf(judged)).toEqual([]);
}, 120_000);

it("the echo's answers are of the types of the SDKs", async () => {
  await using gateway = await startTestGateway(() => {}, { UPSTREAM_URL: "" });
  const judged: Judged[] = [];
  for (const name of ["chat", "responses", "messages"] as const) {
    judged.push(...(await answersOf(gateway, name, "echo")));
  }
  const texts = await gateway.post("/v1/completions", { model: "echo", prompt: "hi" });
  judged.push({ title: "a completion", type: "OpenAI.Completion", value: await texts.json() });
  const vectors = await gateway.post("/v1/embeddings", { model: "echo", input: "hi" });
  const embedding = "OpenAI.CreateEmbeddingResponse";
  judged.push({ title: "an embedding", type: embedding, value: await vectors.json() });
  expect(await faultsOf(judged)).toEqual([]);
}, 60_000);

it("the compiler sees a field that is missing, and one of a wrong type", async () => {
  const model = { id: "m", object: "model", created: 1, owned_by: "x" };
  const usage = { input_tokens: 1, output_tokens: 1 };
  const text = { type: "text", text: "a" };
  const message = {
    ...{ id: "m", type: "message", role: "assistant", model: "m", content: [text] },
    ...{ stop_reason: "end_turn", stop_sequence: null, usage },
  };
  const candidate = { content: { role: "model", parts: [{ text: "a" }] }, finishReason: "STOP" };
  const faults = await faultsOf([
    { title: "right", type: "OpenAI.Model", value: { ...model, more: 1 } },
    { title: "wrong", type: "OpenAI.Model", value: { ...model, created: "1" } },
    { title: "missing", type: "OpenAI.Model", value: { id: "m" } },
    { title: "no such word", type: "OpenAI.Model", value: { ...model, object: "thing" } },
    { title: "right message", type: "Message", value: message },
    { title: "no usage", type: "Message", value: { ...message, usage: { input_tokens: 1 } } },
    { title: "no such reason", type: "Message", value: { ...message, stop_reason: "tired" } },
    { title: "no text", type: "Message", value: { ...message, content: [{ type: "text" }] } },
    { title: "right candidate", type: "Gemini", value: { candidates: [candidate] } },
    {
      ...{ title: "no such end", type: "Gemini" },
      value: { candidates: [{ ...candidate, finishReason: "Stop" }] },
    },
  ]);
  expect(faults.map((fault) => fault.split(":")[0])).toEqual([
    ...["wrong", "missing", "no such word", "no usage", "no such reason", "no text", "no such end"],
  ]);
}, 60_000);
