import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { errorBody } from "../dialects/error-body.ts";
import { GatewayError } from "../errors.ts";
import { beginCall, sendJson } from "./call.ts";
import { echoEndpoints, echoPages } from "./endpoints.ts";
import { readBody } from "./read-body.ts";
import { lazyTokenizer, type Tokenizer } from "./tokenizer.ts";

export type EchoOptions = {
  /** The pace of each reply; null is as fast as it is read. */
  tokensPerSecond: number | null;
};

export type Echo = {
  /** Where it listens: `http://127.0.0.1:<port>`. */
  url: string;
  /** Ends every reply and frees the port. */
  close(): Promise<void>;
};

/**
 * Starts the echo: a real HTTP server, reachable from this machine only, that says back what it is
 * told in every dialect. Being an upstream like any other, it has the whole road in front of it.
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
    // Whoever has left is owed nothing, and a stream cut short says enough.
    if (leaving.signal.aborted || response.headersSent) response.destroy();
    else refuse(response, error, path);
  }
}

function refuse(response: ServerResponse, error: unknown, path: string): void {
  const known =
    error instanceof GatewayError
      ? error
      : new GatewayError("internal_error", "The echo failed.", { cause: error });
  const dialect = path.startsWith("/v1/messages") ? "messages" : "chat";
  // What is left of a body nobody reads would be taken for the next request.
  response.setHeader("connection", "close");
  sendJson(response, known.status, errorBody(known, dialect, "echo"));
}
