import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { dialects } from "../dialects/all.ts";
import { endpointOf } from "../dialects/endpoints.ts";
import { GatewayError } from "../errors.ts";
import { beginCall, sendJson } from "./call.ts";
import { echoEndpoints, echoPages } from "./endpoints.ts";
import { readBody } from "./read-body.ts";
import { lazyTokenizer, type Tokenizer } from "./tokenizer.ts";

export type EchoOptions = {
  /** Tokens a second of each reply. Null: as fast as the client reads. */
  tokensPerSecond: number | null;
};

export type Echo = {
  /** Where it listens: `http://127.0.0.1:<port>`. */
  url: string;
  /** Ends every reply and frees the port. */
  close(): Promise<void>;
};

/**
 * Starts the echo: an upstream without a model, for trying the gateway out. It is a real HTTP
 * server that only this machine can reach, and it sends each prompt back. To the gateway it is an
 * upstream like any other, so its requests pass through keys, limits, queue and accounts.
 */
export async function startEcho(options: EchoOptions): Promise<Echo> {
  const tokenizer = lazyTokenizer();
  const server = createServer({ keepAliveTimeout: 95_000, requestTimeout: 0 });
  server.on("request", (request, response) => {
    void answer(request, response, tokenizer, options.tokensPerSecond);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  tokenizer: () => Promise<Tokenizer>,
  tokensPerSecond: number | null,
): Promise<void> {
  const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
  const leaving = new AbortController();
  response.once("close", () => leaving.abort());
  try {
    const page = request.method === "GET" ? echoPages.get(path) : undefined;
    if (page !== undefined) {
      sendJson(response, 200, JSON.stringify(page));
      return;
    }
    const endpoint = request.method === "POST" ? echoEndpoints.get(path) : undefined;
    if (endpoint === undefined) {
      throw new GatewayError("not_found", "The echo has nothing at this path.");
    }
    const parts = { body: await readBody(request), tokenizer: await tokenizer() };
    await endpoint(beginCall({ ...parts, signal: leaving.signal, response, tokensPerSecond }));
  } catch (error) {
    // A client that has left gets nothing. A client in mid-stream sees that the stream was cut.
    if (leaving.signal.aborted || response.headersSent) response.destroy();
    else refuse(response, error, path);
  }
}

function refuse(response: ServerResponse, error: unknown, path: string): void {
  const known =
    error instanceof GatewayError
      ? error
      : new GatewayError("internal_error", "The echo failed.", { cause: error });
  const { errors } = dialects[endpointOf("POST", path).dialect];
  // The rest of an unread body would be taken for the next request.
  response.setHeader("connection", "close");
  sendJson(response, known.status, errors.body(known, "echo"));
}
