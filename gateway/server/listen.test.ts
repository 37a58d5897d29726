import type { IncomingMessage, ServerResponse } from "node:http";
import { connect } from "node:net";
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
