import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { slotLost } from "../errors.ts";
import type { Keeper } from "../generation/keeper.ts";
import { until } from "../test/support/harness.ts";
import { sampleIdentity, testGeneration } from "../test/support/test-generation.ts";
import { type UpgradeParts, upgrade } from "./upgrade.ts";

const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;

/** An upstream that counts the bytes that it is sent, and answers nothing. */
async function silentUpstream(): Promise<{ url: string; bytes(): number; open(): number }> {
  let bytes = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => {});
    socket.on("data", (chunk) => {
      bytes += chunk.length;
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    bytes: () => bytes,
    open: () => sockets.size,
  };
}

/** A keeper with turns that have this check. */
function checking(keeper: Keeper, check: () => void): Keeper {
  return {
    async take(candidate, stop) {
      const admission = await keeper.take(candidate, stop);
      return {
        headers: admission.headers,
        turn: async (...asked) => ({ ...(await admission.turn(...asked)), check }),
        close: (closing) => admission.close(closing),
        end: () => admission.end(),
      };
    },
  };
}

it.each([
  ["before it is opened", 1],
  ["when it has a connection", 2],
])("a WebSocket is not asked for at the upstream if its slot is lost %s", async (_when, nth) => {
  const upstream = await silentUpstream();
  const room = testGeneration({ upstreams: { a: upstream.url } });
  let calls = 0;
  const keeper = checking(room.parts.keeper, () => {
    calls += 1;
    if (calls === nth) throw slotLost();
  });
  const parts: UpgradeParts = {
    ...room.parts,
    ...{ keeper, authenticate: () => sampleIdentity },
    doors: { isPublicPort: () => false, isTrusted: () => false },
    timeouts: { firstByteMs: 0, totalMs: 0, idleMs: 0 },
    route: () => room.given().destination,
  };
  const gateway = createHttpServer().on("upgrade", (request, socket, head) => {
    void upgrade(parts, request, socket as Socket, head);
  });
  gateway.listen(0, "127.0.0.1");
  await once(gateway, "listening");
  onTestFinished(() => void gateway.close());
  const client = new WebSocket(`ws://127.0.0.1:${portOf(gateway)}/v1/realtime`);
  client.on("error", () => {});
  const [, answer] = await once(client, "unexpected-response");
  expect([answer.statusCode, answer.headers["retry-after"]]).toEqual([503, "5"]);
  await until(() => upstream.open() === 0, "the upstream's socket is closed");
  await until(() => room.line.view().active === 0, "the slot is free");
  expect([calls, upstream.bytes()]).toEqual([nth, 0]);
});
