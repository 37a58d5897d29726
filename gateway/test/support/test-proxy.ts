import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { TestCertificate } from "./test-authority.ts";

export type TestProxy = {
  port: number;
  /** `host:port Proxy-Authorization` of each CONNECT. */
  asked: string[];
  /** Ways open now. */
  open(): number;
  close(): Promise<void>;
};

export type TestProxyOptions = {
  /** Answers every CONNECT with it instead. */
  refuses?: number;
  certificate?: TestCertificate;
};

/** A real HTTP proxy that knows CONNECT and leads every name to this machine. */
export async function startTestProxy(options: TestProxyOptions = {}): Promise<TestProxy> {
  const { certificate, refuses } = options;
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const ways = new Set<Socket>();
  const server: Server = certificate === undefined ? createServer() : createTlsServer(certificate);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket)).on("error", () => {});
  });
  server.on("connect", (request, client: Socket, head: Buffer) => {
    asked.push(`${request.url} ${request.headers["proxy-authorization"] ?? ""}`.trim());
    if (refuses !== undefined) {
      client.end(`HTTP/1.1 ${refuses} No\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const port = Number(request.url?.split(":").at(-1));
    const way = connect(port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      way.write(head);
      way.pipe(client).pipe(way);
    });
    ways.add(way);
    way
      .on("error", () => client.destroy())
      .once("close", () => {
        ways.delete(way);
        client.destroy();
      });
    client.on("error", () => {}).once("close", () => way.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    open: () => ways.size,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
