import type { AddressInfo, Server } from "node:net";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { politeChat } from "./support/mock-upstream.ts";
import { rawHttp, statusOf } from "./support/raw-http.ts";

let gateway: TestGateway;
let upstream: Server;
let received = "";

beforeAll(async () => {
  upstream = createServer((socket) => {
    socket.on("error", () => {});
    let asked = false;
    socket.setEncoding("latin1").on("data", (text: string) => {
      // The gateway's own question, at its start.
      asked ||= text.startsWith("GET /v1/models ");
      if (!asked) received += text;
      if (asked || /\r\n\r\n/.test(received))
        socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    });
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const { port } = upstream.address() as AddressInfo;
  gateway = await startTestGateway(politeChat, { UPSTREAM_URL: `http://127.0.0.1:${port}` });
});
afterAll(async () => {
  await gateway.stop();
  upstream.close();
});

/** What an upstream that believes the framing it was told takes for a second request. */
function secondRequest(bytes: string): string {
  const head = bytes.slice(0, bytes.indexOf("\r\n\r\n"));
  const body = bytes.slice(head.length + 4);
  const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
  return /transfer-encoding: chunked/i.test(head) ? "" : body.slice(length);
}

describe("a read with a body", () => {
  const smuggled = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-gateway-user: bob\r\n\r\n";
  const framings = {
    length: [`content-length: ${smuggled.length}`, smuggled],
    chunks: [
      "transfer-encoding: chunked",
      `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
    ],
  } as const;

  it.each(
    ["GET", "HEAD", "DELETE", "OPTIONS"].flatMap((method) =>
      ["", "upgrade: x\r\n", "upgrade:\r\n", "upgrade: websocket, h2c\r\n"].flatMap((header) =>
        (["length", "chunks"] as const).map((framing) => [method, header.trim(), framing] as const),
      ),
    ),
  )("%s with '%s' by %s is one request upstream", async (method, header, framing) => {
    received = "";
    const [line, body] = framings[framing];
    const head =
      `${method} /v1/files/x HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${gateway.keys.alice}\r\n` +
      `${header === "" ? "" : `${header}\r\nconnection: upgrade\r\n`}${line}\r\n\r\n${body}`;
    void rawHttp(gateway.port, [head], 1_000);
    await until(() => received.includes("\r\n\r\n"), "the read came through");
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(received.startsWith(`${method} /v1/files/x`)).toBe(true);
    expect(secondRequest(received)).toBe("");
  });
});

describe("one header", () => {
  it.each([["-10000000000000000"], ["-1e308"], ["-9007199254740993"], ["NaN"]])(
    "x-priority: %s does not freeze the line",
    async (priority) => {
      const own = await startTestGateway(politeChat);
      const answers = await Promise.all(
        Array.from({ length: 6 }, (_, i) =>
          own.post("/v1/chat/completions", chat(), {
            user: i % 2 === 0 ? "alice" : "bob",
            headers: i < 4 ? { "x-priority": priority } : {},
          }),
        ),
      );
      expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200));
      await own.stop();
    },
  );
});

describe("a body in one-byte chunks", () => {
  it("does not take hundreds of times its size", async () => {
    const before = process.memoryUsage().rss;
    const bytes = 1_000_000;
    const head =
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${gateway.keys.alice}\r\n` +
      "transfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    const answer = await rawHttp(
      gateway.port,
      [head, "1\r\n \r\n".repeat(bytes), "0\r\n\r\n"],
      30_000,
    );
    expect(statusOf(answer)).toBe(400);
    // 400 bytes beside each would be 400 MB.
    expect(process.memoryUsage().rss - before).toBeLessThan(250 * 1024 * 1024);
  });
});
