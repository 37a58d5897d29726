import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A request to a raw upstream: its head and body as text. */
export type RawAsked = { readonly path: string; readonly body: string };

/** What is sent for a request: bytes, and pauses in milliseconds. The connection is closed then. */
export type RawAnswer = readonly (string | Buffer | number)[];

export type RawUpstream = {
  readonly url: string;
  /** The POSTs so far. */
  readonly asked: RawAsked[];
  [Symbol.asyncDispose](): Promise<void>;
};

export type RawOptions = {
  /** Connections stay open after an answer. */
  readonly keepsOpen?: boolean;
};

/** A server that sends exactly the bytes that a test says, for each POST. */
export async function startRawUpstream(
  answer: (asked: RawAsked) => RawAnswer,
  { keepsOpen = false }: RawOptions = {},
): Promise<RawUpstream> {
  const asked: RawAsked[] = [];
  const sockets = new Set<Socket>();
  async function reply(socket: Socket, head: string, body: string): Promise<void> {
    const [method = "", path = ""] = head.split(" ", 2);
    const isPost = method === "POST";
    if (isPost) asked.push({ path, body });
    const pieces = isPost ? answer({ path, body }) : [listOfModels];
    for (const piece of pieces) {
      if (typeof piece === "number") await sleep(piece);
      else if (!socket.destroyed) socket.write(piece);
    }
    if (!keepsOpen || !isPost) socket.end();
  }
  const server = createServer((socket) => {
    sockets.add(socket);
    let held = "";
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.setEncoding("latin1").on("data", (text: string) => {
      held += text;
      const end = held.indexOf("\r\n\r\n");
      const length = Number(/^content-length: (\d+)/im.exec(held)?.[1] ?? 0);
      if (end < 0 || held.length < end + 4 + length) return;
      const body = held.slice(end + 4, end + 4 + length);
      const head = held.slice(0, end);
      held = held.slice(end + 4 + length);
      void reply(socket, head, body);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** A whole HTTP answer. */
export function rawAnswer(
  body: string | Buffer,
  type: string | null = "application/json",
  more: readonly string[] = [],
  status = 200,
): Buffer {
  const bytes = Buffer.from(body);
  const head = [
    `HTTP/1.1 ${status} X`,
    ...(type === null ? [] : [`Content-Type: ${type}`]),
    `Content-Length: ${bytes.length}`,
    ...more,
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), bytes]);
}

/** The head of a stream that ends by closing. */
export const rawStreamHead = (type: string | null, more: readonly string[] = []): string =>
  [
    "HTTP/1.1 200 OK",
    ...(type === null ? [] : [`Content-Type: ${type}`]),
    "Connection: close",
    ...more,
    "\r\n",
  ].join("\r\n");

const listOfModels = rawAnswer('{"object":"list","data":[{"id":"mock","object":"model"}]}');
