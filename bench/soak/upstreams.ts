import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocketServer } from "ws";
import { loopback } from "../loopback.ts";
import type { Random } from "./random.ts";

export type SoakUpstreams = {
  /** URLs of two servers that speak OpenAI's API, and of one that speaks Anthropic's. */
  readonly openai: readonly [string, string];
  readonly anthropic: string;
  close(): Promise<void>;
};

const gapMs = 30;
/** Longer than FIRST_BYTE_TIMEOUT and IDLE_TIMEOUT of the soak's gateway. */
const silenceMs = 3_200;

/** Starts the upstreams of a soak: they answer, and fail in every way that servers fail. */
export async function startUpstreams(random: Random): Promise<SoakUpstreams> {
  const sockets = new WebSocketServer({ noServer: true });
  sockets.on("connection", (socket) => socket.on("message", (data) => socket.send(data)));
  const servers = [0, 1].map(() => {
    const server = createServer((request, response) => void openai(random, request, response));
    server.on("upgrade", (request, socket, head) => {
      sockets.handleUpgrade(request, socket, head, (one) => sockets.emit("connection", one));
    });
    return server;
  });
  servers.push(createServer((request, response) => void anthropic(request, response)));
  const [one = "", two = "", three = ""] = await Promise.all(servers.map(opened));
  return {
    openai: [one, two],
    anthropic: three,
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      for (const server of servers) server.closeAllConnections();
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

function opened(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, loopback, () => {
      resolve(`http://${loopback}:${(server.address() as AddressInfo).port}`);
    });
  });
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  try {
    return JSON.parse(Buffer.concat(pieces).toString()) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** Fails before the answer: in one of eight requests. True if it has failed. */
async function failsEarly(random: Random, response: ServerResponse): Promise<boolean> {
  const at = random.next();
  if (at < 0.03) response.destroy();
  else if (at < 0.05) {
    await sleep(silenceMs);
    response.destroy();
  } else if (at < 0.08) response.writeHead(500).end("{}");
  else if (at < 0.1) response.writeHead(429, { "retry-after": "1" }).end("{}");
  else return false;
  return true;
}

const usage = { prompt_tokens: 7, completion_tokens: 6, total_tokens: 13 };

async function openai(
  random: Random,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const body = await bodyOf(request);
    if (request.method === "GET") return void json(response, { object: "list", data: [model] });
    if (await failsEarly(random, response)) return;
    if (body.stream === true) return await streamOpenai(random, response);
    await sleep(gapMs * 4);
    const message = { role: "assistant", content: "one two three" };
    const choices = [{ index: 0, message, finish_reason: "stop" }];
    json(response, { id: "c", object: "chat.completion", created: 1, model: "m", choices, usage });
  } catch {
    // The gateway has ended the connection: its client has left.
    response.destroy();
  }
}

const model = { id: "m", object: "model", created: 1, owned_by: "soak" };

async function streamOpenai(random: Random, response: ServerResponse): Promise<void> {
  const chunk = (delta: object, more: object = {}): string =>
    `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason: null }], ...more })}\n\n`;
  response.writeHead(200, { "content-type": "text/event-stream" });
  const end = random.next();
  for (let token = 0; token < 6 && !response.destroyed; token += 1) {
    response.write(chunk({ content: `w${token} ` }));
    await sleep(gapMs);
    if (end < 0.03) return void response.destroy();
    if (end < 0.05) {
      await sleep(silenceMs);
      return void response.destroy();
    }
  }
  const last = { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] };
  response.end(`${chunk({}, last)}${chunk({}, { choices: [], usage })}data: [DONE]\n\n`);
}

async function anthropic(request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const body = await bodyOf(request);
    const head = { id: "msg_1", type: "message", role: "assistant", model: "claude" };
    const counted = { input_tokens: 7, output_tokens: 5 };
    if (request.method === "GET") return void json(response, { data: [], has_more: false });
    if (body.stream !== true) {
      const content = [{ type: "text", text: "one two" }];
      const end = { stop_reason: "end_turn", stop_sequence: null, usage: counted };
      return void json(response, { ...head, content, ...end });
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    const event = (type: string, fields: object): void =>
      void response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`);
    const begun = { content: [], stop_reason: null, stop_sequence: null, usage: counted };
    event("message_start", { message: { ...head, ...begun } });
    event("content_block_start", { index: 0, content_block: { type: "text", text: "" } });
    for (let token = 0; token < 5 && !response.destroyed; token += 1) {
      event("content_block_delta", { index: 0, delta: { type: "text_delta", text: `w${token} ` } });
      await sleep(gapMs);
    }
    event("content_block_stop", { index: 0 });
    const delta = { stop_reason: "end_turn", stop_sequence: null };
    event("message_delta", { delta, usage: { output_tokens: 5 } });
    event("message_stop", {});
    response.end();
  } catch {
    response.destroy();
  }
}

function json(response: ServerResponse, value: object): void {
  response.setHeader("content-type", "application/json").end(JSON.stringify(value));
}
