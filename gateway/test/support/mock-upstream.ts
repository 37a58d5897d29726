import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** What one request to the mock was. */
export type Seen = {
  method: string;
  url: string;
  headers: IncomingMessage["headers"];
  body: Buffer;
  /** Settles when the request's connection has closed. */
  closed: Promise<void>;
};

export type MockUpstream = {
  url: string;
  port: number;
  /** Every request so far, in order, but for those for its list of models and its properties. */
  seen: Seen[];
  /** Answers being worked on now, and the most at once. */
  active(): number;
  peak(): number;
  /** Replaces what it answers. */
  answer(handler: Handler): void;
  close(): Promise<void>;
};

export type Handler = (
  seen: Seen,
  response: ServerResponse,
  request: IncomingMessage,
) => void | Promise<void>;

/** A real HTTP server that answers as a test says, and lists these models. */
export async function startMockUpstream(
  handler: Handler,
  models: readonly string[] = ["mock"],
): Promise<MockUpstream> {
  let current = handler;
  let active = 0;
  let peak = 0;
  const seen: Seen[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("error", () => {});
    request.on("end", () => {
      if (request.method === "GET" && request.url === "/v1/models") {
        response.setHeader("content-type", "application/json");
        const data = models.map((id) => ({ id, object: "model" }));
        response.end(JSON.stringify({ object: "list", data }));
        return;
      }
      // Asked of a llama-server whenever its list is.
      if (request.method === "GET" && request.url === "/props") {
        response.writeHead(404).end();
        return;
      }
      active++;
      peak = Math.max(peak, active);
      const closed = new Promise<void>((resolve) => {
        response.once("close", () => {
          active--;
          resolve();
        });
      });
      const { method = "", url = "", headers } = request;
      const one = { method, url, headers, body: Buffer.concat(chunks), closed };
      seen.push(one);
      void current(one, response, request);
    });
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    seen,
    active: () => active,
    peak: () => peak,
    answer: (next) => {
      current = next;
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** The text of a chat stream as an OpenAI-compatible server sends it. */
export function chatChunk(content: string, id = "chatcmpl-upstream"): string {
  return `data: ${JSON.stringify({
    id,
    object: "chat.completion.chunk",
    created: 1,
    model: "mock",
    choices: [{ index: 0, delta: { content }, finish_reason: null }],
  })}\n\n`;
}

export const chatFinish: string = `data: ${JSON.stringify({
  id: "chatcmpl-upstream",
  object: "chat.completion.chunk",
  created: 1,
  model: "mock",
  choices: [{ index: 0, delta: {}, finish_reason: "stop" }],
})}\n\n`;

export const chatUsage = (prompt: number, completion: number): string =>
  `data: ${JSON.stringify({
    id: "chatcmpl-upstream",
    object: "chat.completion.chunk",
    created: 1,
    model: "mock",
    choices: [],
    usage: {
      prompt_tokens: prompt,
      completion_tokens: completion,
      total_tokens: prompt + completion,
    },
  })}\n\n`;

export const done: string = "data: [DONE]\n\n";

/** A whole answer to a chat that does not stream. */
export const chatAnswer = (content: string): string =>
  JSON.stringify({
    id: "chatcmpl-upstream",
    object: "chat.completion",
    created: 1,
    model: "mock",
    choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
    usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
  });

/** Answers chats, streamed or not, the way a well-behaved server does. */
export const politeChat: Handler = (seen, response) => {
  const asked = (seen.method === "POST" ? JSON.parse(seen.body.toString()) : {}) as {
    stream?: boolean;
    stream_options?: { include_usage?: boolean };
  };
  if (asked.stream) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(chatChunk("Hello"));
    response.write(chatChunk(" there"));
    response.write(chatFinish);
    if (asked.stream_options?.include_usage) response.write(chatUsage(3, 2));
    response.end(done);
  } else {
    response.setHeader("content-type", "application/json");
    response.end(chatAnswer("Hello there"));
  }
};
