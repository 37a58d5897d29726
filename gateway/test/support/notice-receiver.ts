import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

export type ReceivedNotice = {
  path: string;
  headers: IncomingHttpHeaders;
  /** As it came, for signatures. */
  text: string;
  body: Record<string, unknown>;
};

/** A service that takes notices, on 127.0.0.1. */
export type NoticeReceiver = {
  url: string;
  got: ReceivedNotice[];
  /** What each answer is from now on. */
  answer(status: number, headers?: Record<string, string>): void;
  /** From now on it takes requests, and answers none. */
  fallSilent(): void;
  close(): Promise<void>;
};

export async function startNoticeReceiver(): Promise<NoticeReceiver> {
  const got: ReceivedNotice[] = [];
  let status: number | null = 200;
  let head: Record<string, string> = {};
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      const body = JSON.parse(text) as Record<string, unknown>;
      got.push({ path: request.url ?? "", headers: request.headers, text, body });
      if (status !== null) response.writeHead(status, head).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    got,
    answer(next, headers = {}) {
      status = next;
      head = headers;
    },
    fallSilent() {
      status = null;
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
