import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Edge = { url: string; close(): void };

export type EdgeOptions = {
  /** Where the tunnel leads: the gateway's public port. */
  origin: string;
  /**
   * No byte for so long, and the edge answers 524 or cuts. Milliseconds; Cloudflare's is 100 to 120
   * s.
   */
  silenceMs: number;
  port?: number;
  host?: string;
};

/** What the edge sets itself, and so takes from nobody. */
const own =
  /^(cf-|cdn-loop$|x-forwarded-proto$|true-client-ip$|host$|connection$|accept-encoding$)/;

/**
 * Stands in for Cloudflare's edge and cloudflared: their headers, connections to the origin that
 * are kept, 502 without an origin, 524 and cuts after silence, and a visitor's leaving handed on.
 */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  // cloudflared keeps idle connections for 90 s.
  const agent = new Agent({ keepAlive: true, timeout: 90_000 });
  const server = createServer((visit, answer) => pass(visit, answer, options, agent));
  await new Promise<void>((resolve) => {
    server.listen(options.port ?? 0, options.host ?? "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      server.close();
      agent.destroy();
    },
  };
}

function pass(
  visit: IncomingMessage,
  answer: ServerResponse,
  { origin, silenceMs }: EdgeOptions,
  agent: Agent,
): void {
  const headers = Object.fromEntries(
    Object.entries(visit.headers).filter(([name]) => !own.test(name)),
  );
  const onward = request(origin + (visit.url ?? "/"), {
    method: visit.method ?? "GET",
    agent,
    headers: {
      ...headers,
      host: "llm.example.com",
      "accept-encoding": "br, gzip",
      "cf-ray": "8a1b2c3d4e5f6071-MAD",
      "cf-connecting-ip": "203.0.113.7",
      "cf-visitor": '{"scheme":"https"}',
      "cdn-loop": "cloudflare; loops=1",
      "x-forwarded-proto": "https",
      "x-forwarded-for": "203.0.113.7",
    },
  });
  const fail = (status: number): void => {
    if (answer.headersSent) answer.destroy();
    else answer.writeHead(status).end(`error code: ${status}`);
  };
  let silence = setTimeout(() => giveUp(), silenceMs);
  const giveUp = (): void => {
    fail(524);
    onward.destroy();
  };
  onward.on("response", (response) => {
    answer.writeHead(response.statusCode ?? 502, response.headers);
    answer.flushHeaders();
    response.on("data", (chunk: Buffer) => {
      clearTimeout(silence);
      silence = setTimeout(giveUp, silenceMs);
      answer.write(chunk);
    });
    response.on("end", () => answer.end());
    response.on("error", () => answer.destroy());
  });
  onward.on("error", () => fail(502));
  answer.on("close", () => {
    clearTimeout(silence);
    if (!answer.writableFinished) onward.destroy();
  });
  visit.pipe(onward);
}
