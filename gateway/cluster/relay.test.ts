import { type IncomingMessage, type RequestListener, request } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { createHttpServer } from "../server/listen.ts";
import { until } from "../test/support/harness.ts";
import { rawHttp, statusOf } from "../test/support/raw-http.ts";
import { createWorkerRelay } from "./relay.ts";
import { type InnerPort, openInnerPort } from "./workers/inner-port.ts";

let inner: InnerPort;
let close: () => Promise<void>;
afterEach(async () => {
  await close();
  await inner.close();
});

type Upgrade = (request: IncomingMessage, socket: Socket, head: Buffer) => void;

/** A port that passes everything on to `app`; gives its number. */
async function passing(app: RequestListener, upgrade: Upgrade = () => {}): Promise<number> {
  inner = await openInnerPort(app, { upgrade });
  const relay = createWorkerRelay(inner.path);
  const server = createHttpServer(relay.pass, { upgrade: relay.passSocket });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  close = () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections());
  return (server.address() as AddressInfo).port;
}

it("shows the client's own address and port, over one connection for each of its own", async () => {
  const sockets = new Set<unknown>();
  const port = await passing(({ socket }, response) => {
    sockets.add(socket);
    response.end(JSON.stringify([socket.remoteAddress, socket.localPort]));
  });
  const get = "GET /a HTTP/1.1\r\nhost: x\r\n\r\n";
  const last = "GET /b HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
  const answer = await rawHttp(port, [get + last]);
  expect(answer.split(`["127.0.0.1",${port}]`)).toHaveLength(3);
  expect(sockets.size).toBe(1);
  await rawHttp(port, [last]);
  expect(sockets.size).toBe(2);
});

it("passes path, headers, body, status and headers as they are", async () => {
  const port = await passing(async (asked, response) => {
    let body = "";
    for await (const piece of asked) body += piece;
    response.writeHead(418, "Teapot", { "X-Odd": "é", "content-type": "text/plain" });
    // Node writes a head in Latin-1 before bytes, and in UTF-8 before a text.
    response.end(Buffer.from(`${asked.method} ${asked.url} ${asked.headers["x-mine"]} ${body}`));
  });
  const answer = await fetch(`http://127.0.0.1:${port}/x?y=%20`, {
    ...{ method: "PUT", headers: { "x-mine": "1" }, body: "z".repeat(100_000) },
  });
  expect([answer.status, answer.statusText, answer.headers.get("x-odd")]).toEqual([
    ...[418, "Teapot", "é"],
  ]);
  expect(await answer.text()).toBe(`PUT /x?y=%20 1 ${"z".repeat(100_000)}`);
});

it("lets the keeper decide whether a body is wanted", async () => {
  const port = await passing((asked, response) => {
    if (asked.url === "/no") return void response.writeHead(401, { connection: "close" }).end();
    response.writeContinue();
    asked.resume().once("end", () => response.end("read"));
  });
  const head = (path: string) =>
    `POST ${path} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n`;
  const refused = await rawHttp(port, [head("/no")], 2_000);
  expect(statusOf(refused)).toBe(401);
  expect(refused).not.toContain("100 Continue");
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.on("data", (piece) => {
    text += piece;
  });
  socket.write(head("/yes"));
  await until(() => text.includes("100 Continue"), "it may go on");
  socket.write("ab");
  await until(() => text.includes("read"), "it is read");
  socket.destroy();
});

it("passes what announces trailers, in a request and in an answer, with chunks and without", async () => {
  const port = await passing((asked, response) => {
    const length = asked.url === "/length" ? { "content-length": 2 } : {};
    response.writeHead(200, { trailer: "x-sum", ...length });
    asked.resume().once("end", () => response.end("ok"));
  });
  const end = "host: x\r\ntrailer: x-sum\r\nconnection: close\r\n";
  for (const request of [
    `GET /chunks HTTP/1.1\r\n${end}\r\n`,
    `POST /chunks HTTP/1.1\r\n${end}content-length: 2\r\n\r\n{}`,
    `POST /chunks HTTP/1.1\r\n${end}transfer-encoding: chunked\r\n\r\n0\r\nx-sum: 1\r\n\r\n`,
  ]) {
    const answer = await rawHttp(port, [request]);
    expect([statusOf(answer), answer.includes("ok")]).toEqual([200, true]);
    expect(answer.toLowerCase()).not.toContain("trailer");
  }
});

it("ends a connection that sends hundreds of requests before the first answer", async () => {
  let asked = 0;
  let answerFirst = (): void => {};
  const port = await passing((_asked, response) => {
    asked++;
    answerFirst = () => void response.end("ok");
    if (asked > 1) response.end("ok");
  });
  const get = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.setEncoding("utf8").on("error", () => {});
  socket.on("data", (piece) => {
    text += piece;
  });
  socket.write(get.repeat(50));
  await until(() => asked === 1, "the first is asked");
  answerFirst();
  await until(() => text.split("HTTP/1.1 200").length === 51, "all fifty are answered");
  asked = 0;
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write(get.repeat(1_000));
  await closed;
  expect(asked).toBeLessThan(102);
});

it("serves HTTP/1.0, which needs no Host and has no 100 and no upgrades", async () => {
  const port = await passing((asked, response) => {
    const { host, upgrade, expect: wait } = asked.headers;
    if (wait !== undefined) response.writeContinue();
    asked.resume().once("end", () => response.end(JSON.stringify({ host, upgrade, wait })));
  });
  const offer = "Connection: upgrade\r\nUpgrade: websocket\r\n";
  const offered = await rawHttp(port, [`GET / HTTP/1.0\r\n${offer}\r\n`]);
  expect([statusOf(offered), offered.endsWith("{}")]).toEqual([200, true]);
  const answer = await rawHttp(port, [
    "POST / HTTP/1.0\r\nExpect: 100-continue\r\ncontent-length: 2\r\n\r\n{}",
  ]);
  expect(statusOf(answer)).toBe(200);
  expect(answer.endsWith("{}")).toBe(true);
});

it("tells the keeper that the client has left, and the client that the keeper has", async () => {
  let isClosed = false;
  const port = await passing((asked, response) => {
    response.once("close", () => {
      isClosed = true;
    });
    response.write("begun");
    if (asked.url === "/cut") setTimeout(() => response.destroy(), 20);
  });
  const leaving = request(`http://127.0.0.1:${port}/`, (answer) => {
    answer.once("data", () => leaving.destroy());
  });
  leaving.on("error", () => {}).end();
  await until(() => isClosed, "the keeper knows");
  const cut = await fetch(`http://127.0.0.1:${port}/cut`);
  await expect(cut.text()).rejects.toThrow();
});

it("joins a WebSocket with the keeper's", async () => {
  const sockets = new WebSocketServer({ noServer: true });
  sockets.on("connection", (socket) => {
    socket.on("message", (text) => socket.send(`heard ${text}`));
  });
  const port = await passing(
    (_asked, response) => void response.end(),
    (asked, socket, head) =>
      sockets.handleUpgrade(asked, socket, head, (opened) => sockets.emit("connection", opened)),
  );
  const client = new WebSocket(`ws://127.0.0.1:${port}/v1/realtime`);
  const heard = new Promise<string>((resolve) =>
    client.once("message", (data) => resolve(String(data))),
  );
  client.once("open", () => client.send("hello"));
  expect(await heard).toBe("heard hello");
  const closed = new Promise<number>((resolve) => client.once("close", resolve));
  for (const one of sockets.clients) one.close(4001);
  expect(await closed).toBe(4001);
});

it("closes a connection that does not say which client it stands for", async () => {
  await passing((_asked, response) => void response.end("answered"));
  const socket = connect(inner.path);
  let text = "";
  socket.on("data", (piece) => {
    text += piece;
  });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write(`GET / HTTP/1.1\r\nhost: x\r\n\r\n${"x".repeat(300)}`);
  await closed;
  expect(text).toBe("");
});
