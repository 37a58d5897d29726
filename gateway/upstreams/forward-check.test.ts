import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { Readable } from "node:stream";
import { expect, it, onTestFinished } from "vitest";
import { messagesTranslator } from "../dialects/anthropic/messages-translator.ts";
import { json } from "../dialects/json/json-framing.ts";
import { sse } from "../dialects/sse/sse-framing.ts";
import { type GatewayError, slotLost } from "../errors.ts";
import { forward, type Outbound, type Receiver } from "./forward.ts";
import { forwardConverted } from "./forward-converted.ts";
import { openUpstream, type Upstream } from "./upstream.ts";

/** An upstream that counts the bytes that it is sent, and answers every request. */
async function countingUpstream(): Promise<{ upstream: Upstream; bytes(): number }> {
  let bytes = 0;
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      bytes += chunk.length;
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const upstream = openUpstream({ url, key: null, type: "openai", connectTimeoutMs: 5_000 });
  onTestFinished(async () => {
    await upstream.connections.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { upstream, bytes: () => bytes };
}

const question = Buffer.from('{"model":"m","messages":[{"role":"user","content":"hi"}]}');

const outbound = (more: Partial<Outbound>): Outbound => ({
  ...{ method: "POST", path: "/v1/chat/completions", headers: {}, body: question },
  ...{ firstByteMs: 5_000, idleMs: 5_000, fresh: false },
  ...more,
});

const unread: Receiver = { head() {}, data: () => true, whenDrained() {} };

/** A check that throws when it is called for the `nth` time, and counts its calls. */
function losing(nth: number): { check(): void; calls(): number } {
  let calls = 0;
  return {
    calls: () => calls,
    check() {
      calls += 1;
      if (calls === nth) throw slotLost();
    },
  };
}

const converted = (streams: boolean) => ({
  ...{ translator: messagesTranslator, framing: streams ? sse : json, requestId: "r" },
  ...{ askedModel: "m", model: "m", target: "openai" as const },
  ...{ strict: false, defaultMaxTokens: 10 },
});

type Send = (upstream: Upstream, check: () => void) => Promise<void>;

const { signal } = new AbortController();
const roads: Record<string, Send> = {
  "a whole body": ({ connections }, check) =>
    forward(connections, outbound({ check }), unread, signal),
  "a body that streams": ({ connections }, check) => {
    const body = Readable.from([question]);
    return forward(connections, outbound({ check, body, fresh: true }), unread, signal);
  },
  "a converted request": (upstream, check) =>
    forwardConverted(upstream, outbound({ check }), converted(false), unread, signal),
  "a converted request that streams": (upstream, check) =>
    forwardConverted(upstream, outbound({ check }), converted(true), unread, signal),
};

it.each(Object.keys(roads))(
  "%s is not sent where the check throws, before or with a connection",
  async (name) => {
    for (const nth of [1, 2]) {
      const { upstream, bytes } = await countingUpstream();
      const { check, calls } = losing(nth);
      const error = await roads[name]?.(upstream, check).catch((cause: GatewayError) => cause);
      expect(error).toMatchObject({ code: "slot_lost", status: 503 });
      expect((error as GatewayError).headers).toEqual({ "retry-after": "5" });
      expect([calls(), bytes()]).toEqual([nth, 0]);
    }
  },
);

it("a request is sent where the check says nothing, on a kept connection too", async () => {
  const { upstream, bytes } = await countingUpstream();
  const { check, calls } = losing(0);
  const send = (): Promise<void> =>
    forward(upstream.connections, outbound({ check }), unread, signal);
  await send();
  const first = bytes();
  await send();
  expect([calls(), bytes()]).toEqual([4, 2 * first]);
});
