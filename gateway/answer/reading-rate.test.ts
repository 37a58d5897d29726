import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { ReadingRate } from "./reading-rate.ts";

/** Both ends of a connection; what is written to the first goes on until the system takes no more. */
async function connection(): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect((server.address() as { port: number }).port, "127.0.0.1").pause();
  const [socket] = (await once(server, "connection")) as [Socket];
  onTestFinished(() => {
    client.destroy();
    socket.destroy();
    server.close();
  });
  return [socket, client];
}

const piece = Buffer.alloc(1024 * 1024);

/** Looks every five seconds of a time of its own; gives when the client was cut. */
function watch(rate: ReadingRate, socket: Socket, seconds: number): number | null {
  for (let at = 0; at <= seconds; at += 5) if (rate.isTooSlow(socket, at * 1000)) return at;
  return null;
}

it("cuts a client that reads next to nothing for a minute", async () => {
  const [socket] = await connection();
  for (let count = 0; count < 32; count++) socket.write(piece);
  await sleep(50);
  expect(watch(new ReadingRate(), socket, 120)).toBe(60);
});

it("lets a client read that is behind, but fast enough, in one large piece too", async () => {
  const [socket, client] = await connection();
  socket.write(Buffer.alloc(64 * 1024 * 1024));
  await sleep(50);
  const rate = new ReadingRate();
  expect(watch(rate, socket, 55)).toBe(null);
  let read = 0;
  client.on("data", (chunk) => {
    read += chunk.length;
    if (read > 4_000_000) client.pause();
  });
  client.resume();
  while (read <= 4_000_000) await sleep(5);
  await sleep(50);
  expect(rate.isTooSlow(socket, 60_000)).toBe(false);
});

it("never cuts a client that has read everything, however slow the answer is", async () => {
  const [socket, client] = await connection();
  client.resume();
  const rate = new ReadingRate();
  for (let at = 0; at < 300; at += 5) {
    socket.write("data: 1\n\n");
    await new Promise((resolve) => setImmediate(resolve));
    while (socket.writableLength > 0) await sleep(1);
    expect(rate.isTooSlow(socket, at * 1000)).toBe(false);
  }
});
