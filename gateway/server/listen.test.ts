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
  ["no Host header", "GET / HTTP/1.1\r\naccept: a", "has no Host header"],
  ["an empty Host", "GET / HTTP/1.1\r\nhost:", "names no host"],
  ["a Host with a path", "GET / HTTP/1.1\r\nhost: a/b", "names no host"],
  ["two hosts in one Host header", "GET / HTTP/1.0\r\nhost: a, b", "names no host"],
  ["a user in the Host header", "GET / HTTP/1.1\r\nhost: root@a", "names no host"],
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
  [
    "a WebSocket with a body",
    "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\ncontent-length: 5",
    "without a body",
  ],
  [
    "a WebSocket with chunks",
    "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\ntransfer-encoding: chunked",
    "without a body",
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

it.each([
  "a",
  "a:8000",
  "llm_gateway:8000",
  "127.0.0.1",
  "[fd00::1]:8000",
  "GPU.lan.",
  "xn--bcher-kva.de",
])("takes the Host %s", async (host) => {
  const port = await start((_request, response) => void response.end());
  const head = `GET / HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`;
  expect(statusOf(await rawHttp(port, [head]))).toBe(200);
});

it("takes HTTP/1.0 without a Host, with an offer to upgrade, and sends it no 100", async () => {
  const expected: (string | undefined)[] = [];
  const handler = (request: IncomingMessage, response: ServerResponse): void => {
    expected.push(request.headers.expect);
    response.end("fine");
  };
  const upgrade = (_request: IncomingMessage, socket: Socket): void => void socket.destroy();
  listening = await listen(handler, { port: 0, host: "127.0.0.1", upgrade });
  const offer = "connection: upgrade\r\nupgrade: websocket\r\n";
  for (const head of [
    `GET / HTTP/1.0\r\n${offer}`,
    "POST / HTTP/1.0\r\nexpect: 100-continue\r\n",
  ]) {
    const answer = await rawHttp(listening.port, [`${head}content-length: 0\r\n\r\n`]);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n.*fine$/s);
  }
  const unknown = "POST / HTTP/1.1\r\nhost: a\r\nexpect: zzz\r\nconnection: close\r\n";
  expect(statusOf(await rawHttp(listening.port, [`${unknown}content-length: 0\r\n\r\n`]))).toBe(
    200,
  );
  expect(expected).toEqual([undefined, undefined, undefined]);
});

it("answers a whole request although the bytes behind it are no HTTP, and closes then", async () => {
  const port = await start((_request, response) => void setTimeout(() => response.end("fine"), 50));
  const answer = await rawHttp(port, [`${get}nonsense\r\n\r\n`, "more of it\r\n\r\n"]);
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n.*connection: close\r\n.*fine$/is);
  expect(answer.split("HTTP/1.1")).toHaveLength(2);
});

it("refuses a body that is no HTTP at once", async () => {
  const port = await start((request, response) => {
    request
      .on("error", () => {})
      .on("end", () => response.end("fine"))
      .resume();
  });
  const head = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n";
  expect(statusOf(await rawHttp(port, [head]))).toBe(400);
});
