import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { beginCall } from "./call.ts";
import { lazyTokenizer } from "./tokenizer.ts";

test("a client that does not read slows the stream down, and leaving ends it", async () => {
  const event = `data: ${"x".repeat(10_000)}\n\n`;
  let made = 0;
  let ended = false;
  async function* events(): AsyncGenerator<string> {
    try {
      for (; made < 10_000; made++) yield event;
    } finally {
      ended = true;
    }
  }
  const tokenizer = await lazyTokenizer()();
  const server = createServer((_, response) => {
    const leaving = new AbortController();
    response.once("close", () => leaving.abort());
    const parts = { body: {}, tokenizer, signal: leaving.signal, response, tokensPerSecond: null };
    beginCall(parts)
      .stream(events())
      .catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.pause();
  socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  await expect.poll(() => made, { timeout: 5000 }).toBeGreaterThan(0);
  let before = -1;
  while (before !== made) {
    before = made;
    await sleep(200);
  }
  expect(made).toBeLessThan(10_000);
  socket.destroy();
  await expect.poll(() => ended, { timeout: 5000 }).toBe(true);
  server.close();
});
