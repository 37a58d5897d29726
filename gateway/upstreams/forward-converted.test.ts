import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { messagesTranslator } from "../dialects/anthropic/messages-translator.ts";
import type { Conversion } from "../dialects/hub/convert.ts";
import { json } from "../dialects/json/json-framing.ts";
import { sse } from "../dialects/sse/sse-framing.ts";
import { GatewayError } from "../errors.ts";
import type { Outbound, Receiver } from "./forward.ts";
import { forwardConverted } from "./forward-converted.ts";
import { StaleConnection } from "./stale-connection.ts";
import { openUpstream, type Upstream } from "./upstream.ts";

const delta = (content: string, finish_reason: string | null = null): string =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason }] })}\n\n`;
const head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nserver: llama.cpp\r\n";
const whole = `${delta("Hello.")}${delta("", "stop")}data: [DONE]\n\n`;
const sized = (body: string): string => `${head}content-length: ${body.length}\r\n\r\n${body}`;

let server: Server;
let upstream: Upstream;
let sockets: Socket[] = [];
afterEach(async () => {
  await upstream.connections.close();
  for (const socket of sockets) socket.destroy();
  sockets = [];
  server.close();
});

/** A server that answers each request on a socket by hand; `count` is which one it is there. */
async function serve(answer: (socket: Socket, count: number) => void): Promise<void> {
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    let count = 0;
    socket.on("data", (bytes) => {
      if (bytes.toString().includes("POST ")) answer(socket, ++count);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  upstream = openUpstream({ url, key: null, type: "llamacpp", connectTimeoutMs: 5_000 });
}

const conversion: Conversion = {
  translator: messagesTranslator,
  framing: sse,
  requestId: "req-1",
  askedModel: "asked",
  model: "up",
  target: "openai",
  strict: false,
  defaultMaxTokens: 4096,
};

function outbound(more: Partial<Outbound> = {}): Outbound {
  const messages = [{ role: "user", content: "hello" }];
  return {
    method: "POST",
    path: "/v1/messages",
    headers: {},
    body: Buffer.from(JSON.stringify({ model: "asked", max_tokens: 10, messages })),
    firstByteMs: 5_000,
    idleMs: 5_000,
    fresh: false,
    ...more,
  };
}

/** Keeps all it is given. */
function collector(more: Partial<Receiver> = {}) {
  const given = { heads: [] as unknown[], text: "" };
  const receiver: Receiver = {
    head: (status, headers) => given.heads.push([status, headers]),
    data(chunk) {
      given.text += chunk.toString();
      return true;
    },
    whenDrained: (resume) => resume(),
    ...more,
  };
  return { given, receiver };
}

const never = new AbortController().signal;
const left = new GatewayError("client_closed", "left");

describe("forwardConverted", () => {
  it("resolves when the answer has ended, and keeps the connection", async () => {
    await serve((socket) => socket.write(sized(whole)));
    for (let round = 0; round < 3; round++) {
      const { given, receiver } = collector();
      await forwardConverted(upstream, outbound(), conversion, receiver, never);
      const headers = { "content-type": "text/event-stream; charset=utf-8", server: "llama.cpp" };
      expect(given.heads).toEqual([[200, headers]]);
      expect(given.text).toContain("message_stop");
      await nextTurn();
    }
    expect(sockets).toHaveLength(1);
  });

  it.each([true, false])("tells the upstream's own id (stream: %s)", async (stream) => {
    const id = "chatcmpl-up";
    const message = { role: "assistant", content: "Hello." };
    const choice = { index: 0, message, finish_reason: "stop" };
    const body = stream
      ? `data: ${JSON.stringify({ id, choices: [] })}\n\n${whole}`
      : JSON.stringify({ id, choices: [choice] });
    await serve((socket) => socket.write(sized(body)));
    const ids: string[] = [];
    const framing = stream ? sse : json;
    const wanted = { ...conversion, framing, upstreamId: (one: string) => ids.push(one) };
    await forwardConverted(upstream, outbound(), wanted, collector().receiver, never);
    expect(ids).toEqual([id]);
  });

  it("llama.cpp streams to a client that does not, and its leaving is noticed", async () => {
    await serve((socket) => socket.write(sized(whole)));
    const wanted = { ...conversion, framing: json, streamUpstream: true };
    const { given, receiver } = collector();
    await forwardConverted(upstream, outbound(), wanted, receiver, never);
    expect(JSON.parse(given.text)).toMatchObject({
      type: "message",
      content: [{ type: "text", text: "Hello." }],
      stop_reason: "end_turn",
    });
  });

  it("a stream that is cut makes no whole answer", async () => {
    await serve((socket) => socket.write(sized(delta("Hello."))));
    const wanted = { ...conversion, framing: json, streamUpstream: true };
    const { given, receiver } = collector();
    const answer = forwardConverted(upstream, outbound(), wanted, receiver, never);
    await expect(answer).rejects.toMatchObject({ code: "upstream_error" });
    expect(given.heads).toEqual([]);
  });

  it("a server that leaves the connection open after its last word holds nobody", async () => {
    await serve((socket) => socket.write(`${head}\r\n${whole}`));
    const { given, receiver } = collector();
    await forwardConverted(upstream, outbound(), conversion, receiver, never);
    expect(given.text).toContain("message_stop");
    const [socket] = sockets;
    if (socket?.closed === false) await once(socket, "close");
  });

  it("a kept connection that has died is told as such, before any byte", async () => {
    await serve((socket, count) => {
      if (count === 1) socket.write(sized(whole));
      else socket.destroy();
    });
    await forwardConverted(upstream, outbound(), conversion, collector().receiver, never);
    await nextTurn();
    const { given, receiver } = collector();
    const again = forwardConverted(upstream, outbound(), conversion, receiver, never);
    await expect(again).rejects.toBeInstanceOf(StaleConnection);
    expect(given).toEqual({ heads: [], text: "" });
  });

  it.each([
    ["before the first byte", () => {}],
    ["in mid-stream", (socket: Socket) => socket.write(`${head}\r\n${delta("Hello.")}`)],
  ])("a client that leaves %s: rejects once the upstream's socket is closed", async (_, answer) => {
    const stop = new AbortController();
    await serve((socket) => {
      answer(socket);
      setTimeout(() => stop.abort(left), 50);
    });
    const answering = forwardConverted(
      upstream,
      outbound(),
      conversion,
      collector().receiver,
      stop.signal,
    );
    await expect(answering).rejects.toBe(left);
    const [socket] = sockets;
    if (socket?.closed === false) await once(socket, "close");
    expect(socket?.closed).toBe(true);
  });

  it("asks nobody for a client that has left already", async () => {
    await serve(() => {});
    const gone = AbortSignal.abort(left);
    const answer = forwardConverted(upstream, outbound(), conversion, collector().receiver, gone);
    await expect(answer).rejects.toBe(left);
    expect(sockets).toHaveLength(0);
  });

  it("asks nobody where the request is wrong", async () => {
    await serve(() => {});
    const body = Buffer.from('{"messages":[{"role":"robot","content":"x"}]}');
    const { receiver } = collector();
    const answer = forwardConverted(upstream, outbound({ body }), conversion, receiver, never);
    await expect(answer).rejects.toMatchObject({ status: 400, param: "messages[0].role" });
    expect(sockets).toHaveLength(0);
  });

  it("a receiver that throws ends the upstream's work, and is the gateway's fault", async () => {
    await serve((socket) => socket.write(`${head}\r\n${delta("Hello.")}`));
    const { receiver } = collector({
      data() {
        throw new Error("no");
      },
    });
    const answer = forwardConverted(upstream, outbound(), conversion, receiver, never);
    await expect(answer).rejects.toMatchObject({ code: "internal_error" });
    const [socket] = sockets;
    if (socket?.closed === false) await once(socket, "close");
  });

  it("a full receiver does not wait for ever when its client leaves", async () => {
    const stop = new AbortController();
    await serve((socket) => socket.write(`${head}\r\n${delta("Hello.")}`));
    const { receiver } = collector({
      data: () => false,
      whenDrained: () => setTimeout(() => stop.abort(left), 20),
    });
    const answer = forwardConverted(upstream, outbound(), conversion, receiver, stop.signal);
    await expect(answer).rejects.toBe(left);
  });

  it.each([
    ["no answer in time", () => {}, { firstByteMs: 60 }],
    [
      "silence in mid-stream",
      (socket: Socket) => socket.write(`${head}\r\n${delta("Hello.")}`),
      { idleMs: 60 },
    ],
  ])("%s is told as such", async (_, answer, times) => {
    await serve(answer);
    const { receiver } = collector();
    const answering = forwardConverted(upstream, outbound(times), conversion, receiver, never);
    await expect(answering).rejects.toMatchObject({ code: "upstream_timeout" });
  });

  it("nobody there is told as such", async () => {
    await serve(() => {});
    server.close();
    await once(server, "close");
    const { receiver } = collector();
    const answer = forwardConverted(upstream, outbound(), conversion, receiver, never);
    await expect(answer).rejects.toMatchObject({ code: "upstream_unreachable" });
  });
});
