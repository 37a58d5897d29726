import type { ServerResponse } from "node:http";
import { basename } from "node:path";
import { isJsonObject, type JsonObject } from "../../json-object.ts";
import type { Handler } from "../support/mock-upstream.ts";

/** What the scripted model is to do with the one file of its task. */
export type ScriptedTask = {
  readonly file: string;
  readonly before: string;
  readonly after: string;
};

type Tool = { readonly name: string; readonly schema: JsonObject };
type Call = { readonly name: string; readonly args: JsonObject };

/** The tools of coding agents by what they do, best first. */
const kinds = {
  read: [/^(?:read|read_files?|readfile|view)$/i],
  edit: [/^(?:edit|editor|replace|apply_patch|str_replace)$/i, /^(?:write|write_file|writefile)$/i],
  run: [/^(?:bash|shell|run_shell_command|run_commands|shell_command|exec_command|local_shell)$/i],
} as const;

function toolFor(kind: keyof typeof kinds, tools: readonly Tool[]): Tool | null {
  for (const pattern of kinds[kind]) {
    const found = tools.find(({ name }) => pattern.test(name));
    if (found !== undefined) return found;
  }
  return null;
}

function patchOf({ file, before, after }: ScriptedTask): string {
  return `*** Begin Patch\n*** Update File: ${file}\n@@\n-${before}\n+${after}\n*** End Patch\n`;
}

/** Arguments by the names of a schema's fields, whatever the agent calls them. */
function argumentsFor({ name, schema }: Tool, task: ScriptedTask, edits: boolean): JsonObject {
  const copy = `cp ${task.file} ${task.file}.done`;
  const command = edits ? copy : `sed -i s/${task.before}/${task.after}/ ${task.file} && ${copy}`;
  const fields = isJsonObject(schema.properties) ? schema.properties : {};
  const args: Record<string, unknown> = {};
  for (const [field, about] of Object.entries(fields)) {
    const isList = isJsonObject(about) && about.type === "array";
    if (/^(?:file_?path|absolute_path|path)$/i.test(field)) args[field] = task.file;
    else if (/^old_?(?:string|text)$/i.test(field)) args[field] = task.before;
    else if (/^new_?(?:string|text)$/i.test(field)) args[field] = task.after;
    else if (field === "files" && isList) args[field] = [{ path: task.file }];
    else if (field === "commands" && isList) args[field] = [command];
    else if (field === "content") args[field] = `${task.after}\n`;
    else if (field === "input" && name === "apply_patch") args[field] = patchOf(task);
    else if (/^(?:command|cmd)$/.test(field)) {
      args[field] = isList ? ["bash", "-c", command] : command;
    } else if (/^(?:description|instruction)$/.test(field)) args[field] = "The scripted task.";
    else if (field === "is_background") args[field] = false;
  }
  return args;
}

/** What the model does after so many results; null: it says that it is done. */
function callAfter(results: number, tools: readonly Tool[], task: ScriptedTask): Call | null {
  const steps = (["read", "edit", "run"] as const)
    .map((kind) => toolFor(kind, tools))
    .filter((tool) => tool !== null);
  const edits = toolFor("edit", tools) !== null;
  const tool = steps[results];
  return tool === undefined ? null : { name: tool.name, args: argumentsFor(tool, task, edits) };
}

/** How one API asks and is answered. */
type Form = {
  tools(body: JsonObject): Tool[];
  /** How many results of tools the conversation has. */
  results(body: JsonObject): number;
  isStream(body: JsonObject, url: string): boolean;
  /** `done`: what it says where it makes no call. */
  whole(call: Call | null, done: string): JsonObject;
  stream(call: Call | null, done: string): string;
};

/** What the model says at the end. Agents that offer no tools read their edits from its text. */
function lastWords(request: string, { file, before, after }: ScriptedTask): string {
  if (!request.includes("SEARCH/REPLACE")) return "All done.";
  const edit = `<<<<<<< SEARCH\n${before}\n=======\n${after}\n>>>>>>> REPLACE`;
  return `All done.\n\n${basename(file)}\n\`\`\`\n${edit}\n\`\`\`\n`;
}

const objects = (value: unknown): JsonObject[] =>
  Array.isArray(value) ? value.filter(isJsonObject) : [];
const toolOf = (name: unknown, schema: unknown): Tool => ({
  name: String(name),
  schema: isJsonObject(schema) ? schema : {},
});
const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
const named = (value: { type: string } & JsonObject): string =>
  `event: ${value.type}\n${data(value)}`;

let made = 0;
/** As Kimi has them, which no cloud takes. */
const newId = ({ name }: Call): string => `functions.${name}:${made++}`;

const chat: Form = {
  tools: (body) =>
    objects(body.tools).map(({ function: inner }) =>
      isJsonObject(inner) ? toolOf(inner.name, inner.parameters) : toolOf("", {}),
    ),
  results: (body) => objects(body.messages).filter(({ role }) => role === "tool").length,
  isStream: (body) => body.stream === true,
  whole(call, done) {
    const calls = call === null ? {} : { tool_calls: [chatCall(call)] };
    const message = { role: "assistant", content: call === null ? done : null, ...calls };
    const finish_reason = call === null ? "stop" : "tool_calls";
    const usage = { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 };
    return {
      ...chatHead,
      object: "chat.completion",
      choices: [{ index: 0, message, finish_reason }],
      usage,
    };
  },
  stream(call, done) {
    const chunk = (delta: object, finish_reason: string | null): string =>
      data({
        ...chatHead,
        object: "chat.completion.chunk",
        choices: [{ index: 0, delta, finish_reason }],
      });
    const said =
      call === null ? { content: done } : { tool_calls: [{ index: 0, ...chatCall(call) }] };
    const thought = chunk({ role: "assistant", reasoning_content: "Let me see." }, null);
    const end = chunk({}, call === null ? "stop" : "tool_calls");
    return `${thought}${chunk(said, null)}${end}data: [DONE]\n\n`;
  },
};

const chatHead = { id: "chatcmpl-1", created: 1, model: "mock" };

function chatCall(call: Call): JsonObject {
  const { name, args } = call;
  return { id: newId(call), type: "function", function: { name, arguments: JSON.stringify(args) } };
}

const messages: Form = {
  tools: (body) => objects(body.tools).map(({ name, input_schema }) => toolOf(name, input_schema)),
  results: (body) =>
    objects(body.messages).flatMap(({ content }) =>
      objects(content).filter(({ type }) => type === "tool_result"),
    ).length,
  isStream: (body) => body.stream === true,
  whole: (call, done) => ({
    ...messageHead,
    content: [messageBlock(call, done)],
    ...messageEnd(call),
    usage,
  }),
  stream(call, done) {
    const block = messageBlock(call, done);
    const begun = call === null ? { ...block, text: "" } : { ...block, input: {} };
    const delta =
      call === null
        ? { type: "text_delta", text: done }
        : { type: "input_json_delta", partial_json: JSON.stringify(call.args) };
    const message = { ...messageHead, content: [], stop_reason: null, usage };
    return [
      { type: "message_start", message },
      { type: "content_block_start", index: 0, content_block: begun },
      { type: "content_block_delta", index: 0, delta },
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: messageEnd(call), usage },
      { type: "message_stop" },
    ]
      .map(named)
      .join("");
  },
};

const usage = { input_tokens: 9, output_tokens: 2 };
const messageHead = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "mock",
  stop_sequence: null,
};
const messageEnd = (call: Call | null): JsonObject => ({
  stop_reason: call === null ? "end_turn" : "tool_use",
});

function messageBlock(call: Call | null, done: string): JsonObject {
  if (call === null) return { type: "text", text: done };
  return { type: "tool_use", id: `toolu_${made++}`, name: call.name, input: call.args };
}

const gemini: Form = {
  tools: (body) =>
    objects(body.tools).flatMap(({ functionDeclarations: list }) =>
      objects(list).map(({ name, parametersJsonSchema, parameters }) =>
        toolOf(name, parametersJsonSchema ?? parameters),
      ),
    ),
  results: (body) =>
    objects(body.contents).flatMap(({ parts }) =>
      objects(parts).filter(({ functionResponse }) => functionResponse !== undefined),
    ).length,
  isStream: (_body, url) => url.includes("stream"),
  whole(call, done) {
    const part =
      call === null ? { text: done } : { functionCall: { name: call.name, args: call.args } };
    const content = { role: "model", parts: [part] };
    const usageMetadata = { promptTokenCount: 9, candidatesTokenCount: 2, totalTokenCount: 11 };
    return { candidates: [{ content, finishReason: "STOP", index: 0 }], usageMetadata };
  },
  stream: (call, done) => data(gemini.whole(call, done)),
};

function formOf(url: string): Form | null {
  if (url.includes("/v1/chat/completions")) return chat;
  if (/\/v1\/messages(?:\?|$)/.test(url)) return messages;
  return /enerateContent/.test(url) ? gemini : null;
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { "content-type": type });
  response.end(text);
}

/**
 * A server of one API whose model reads the file of the task, edits it, runs a command on it, and says
 * that it is done. `apis`: what of its paths it knows.
 */
export function scriptedModel(task: ScriptedTask, api: "chat" | "messages" | "gemini"): Handler {
  const own = { chat, messages, gemini }[api];
  return ({ url, body }, response) => {
    const form = formOf(url);
    if (form !== own) {
      send(response, 404, "application/json", '{"error":{"message":"no such path"}}');
      return;
    }
    const asked: unknown = JSON.parse(body.toString());
    const request = isJsonObject(asked) ? asked : {};
    const call = callAfter(form.results(request), form.tools(request), task);
    const isStream = form.isStream(request, url);
    const done = lastWords(body.toString(), task);
    const text = isStream ? form.stream(call, done) : JSON.stringify(form.whole(call, done));
    send(response, 200, isStream ? "text/event-stream" : "application/json", text);
  };
}
