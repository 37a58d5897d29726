import type { IncomingMessage, ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { rawHttp, statusOf } from "../test/support/raw-http.ts";
import { type Listening, listen } from "./listen.ts";

let listening: Listening;
afterEach(() => listening.close(0));

async function start(handler: (request: IncomingMessage, response: ServerResponse) => void) {
  listening = await listen(handler, { port: 0, host: "127.0.0.1" });
  return listening.port;
}

const get = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";

it("answers what is no HTTP with words", async () => {
  const port = await start((_request, response) => void response.end());
  const answer = await rawHttp(port, ["nonsense\r\n\r\n"]);
  expect(statusOf(answer)).toBe(400);
  expect(answer).toContain('"message":"This is not a valid HTTP request."');
});

it("puts no second answer into the middle of one that has begun", async () => {
  let goOn = (): void => {};
  const port = await start((_request, response) => {
    response.write("data: one\n\n");
    goOn = () => response.write("data: two\n\n");
  });
  const socket = connect(port, "127.0.0.1");
  let answer = "";
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => {}).setEncoding("latin1");
  socket.on("data", (text: string) => {
    answer += text;
    if (answer.includes("one")) socket.write("nonsense\r\n\r\n");
  });
  socket.write(get);
  await closed;
  goOn();
  expect(answer).toContain("data: one");
  expect(answer.split("HTTP/1.1")).toHaveLength(2);
  expect(answer).not.toContain("not a valid HTTP");
});

it.each([
  ["two Host headers", "POST / HTTP/1.1\r\nhost: a\r\nHost: b", "more than one Host"],
  ["the same Host twice", "GET / HTTP/1.1\r\nhost: a\r\nhost: a", "more than one Host"],
  [
    "Transfer-Encoding in HTTP/1.0",
    "POST / HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked",
    "HTTP/1.0 has no Transfer-Encoding",
  ],
  [
    "compressed chunks",
    "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked",
    "only Transfer-Encoding that is supported is chunked",
  ],
  [
    "a WebSocket on a POST",
    "POST / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\ncontent-length: 0",
    "A WebSocket begins with GET",
  ],
  [
    "a WebSocket on a POST, offered twice",
    "POST / HTTP/1.1\r\nhost: a\r\nconnection: Upgrade, Upgrade\r\nupgrade: WebSocket\r\ncontent-length: 2",
    "A WebSocket begins with GET",
  ],
  [
    "a WebSocket with two Host headers",
    "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: upgrade\r\nupgrade: websocket",
    "more than one Host",
  ],
])("refuses %s with words, and closes the connection", async (_what, head, words) => {
  let calls = 0;
  const handler = (_request: IncomingMessage, response: ServerResponse): void => {
    calls++;
    response.end();
  };
  const upgrade = (_request: IncomingMessage, socket: Socket): void => {
    calls++;
    socket.destroy();
  };
  listening = await listen(handler, { port: 0, host: "127.0.0.1", upgrade });
  const answer = await rawHttp(listening.port, [`${head}\r\n\r\n0\r\n\r\n`], 3_000);
  expect(statusOf(answer)).toBe(400);
  expect(answer).toContain(words);
  expect(answer.toLowerCase()).toContain("connection: close");
  expect(answer.split("HTTP/1.1")).toHaveLength(2);
  expect(calls).toBe(0);
});
