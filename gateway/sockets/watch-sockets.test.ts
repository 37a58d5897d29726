import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { expect, it, onTestFinished } from "vitest";
import { FrameReader } from "./frame-reader.ts";
import { watchSockets } from "./watch-sockets.ts";

/** A frame as a server sends it. */
function frame(opcode: number, payload: Buffer, isLast = true): Buffer {
  const { length } = payload;
  const first = (isLast ? 0x80 : 0) | opcode;
  if (length < 126) return Buffer.concat([Buffer.from([first, length]), payload]);
  if (length < 65_536) {
    return Buffer.concat([Buffer.from([first, 126, length >> 8, length & 255]), payload]);
  }
  const head = Buffer.alloc(10);
  head.set([first, 127]);
  head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

it("reads the same messages, however their bytes are cut", () => {
  const parts = [
    frame(1, Buffer.from("one")),
    frame(2, Buffer.alloc(300, "b")),
    frame(1, Buffer.from("tw"), false),
    frame(9, Buffer.from("ping")),
    frame(0, Buffer.from("o")),
    frame(1, Buffer.from("x".repeat(70_000))),
    frame(1, Buffer.alloc(0)),
  ];
  const bytes = Buffer.concat(parts);
  const cuts = fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 20 });
  fc.assert(
    fc.property(cuts, (at) => {
      const read: string[] = [];
      const reader = new FrameReader((message) => read.push(message));
      let from = 0;
      for (const to of [...at.sort((a, b) => a - b), bytes.length]) {
        reader.push(bytes.subarray(from, to));
        from = to;
      }
      expect(read.map(({ length }) => length)).toEqual([3, 3, 70_000, 0]);
      expect(read.slice(0, 2)).toEqual(["one", "two"]);
      expect(reader.isBetweenFrames).toBe(true);
    }),
  );
});

/** Both ends of a connection. */
async function connection(): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const near = connect((server.address() as { port: number }).port, "127.0.0.1");
  const [far] = (await once(server, "connection")) as [Socket];
  onTestFinished(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return [near, far];
}

it("pings a client that hears nothing, and never in the middle of a frame", async () => {
  const [client, browser] = await connection();
  const [upstream, server] = await connection();
  let heard = Buffer.alloc(0);
  browser.on("data", (chunk: Buffer) => {
    heard = Buffer.concat([heard, chunk]);
  });
  const whole = frame(1, Buffer.from("hello"));
  const watched = watchSockets(client, upstream, {
    ...{ idleMs: 0, pingMs: 100 },
    isStill: async () => true,
    stop: () => {},
  });
  upstream.pipe(client);
  server.write(whole.subarray(0, 3));
  await sleep(500);
  expect(heard).toEqual(whole.subarray(0, 3));
  server.write(whole.subarray(3));
  await expect.poll(() => heard.length).toBeGreaterThan(whole.length);
  watched.end();
  expect(heard.subarray(0, whole.length)).toEqual(whole);
  expect([...heard.subarray(whole.length, whole.length + 2)]).toEqual([0x89, 0]);
});
