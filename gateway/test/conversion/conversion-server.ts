import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dialects } from "../../dialects/all.ts";
import type { Dialect } from "../../dialects/dialect.ts";
import { endpointOf } from "../../dialects/endpoints.ts";
import type { Framing } from "../../dialects/framing.ts";
import { json } from "../../dialects/json/json-framing.ts";
import { upstreamRejection } from "../../dialects/upstream-rejection.ts";
import { GatewayError } from "../../errors.ts";
import { forwardConverted } from "../../upstreams/forward-converted.ts";
import { keyHeaders } from "../../upstreams/key-headers.ts";
import { openUpstream, type ServerType, type Upstream } from "../../upstreams/upstream.ts";
import type { TestProvider } from "./providers.ts";

/** A front that converts for every client, whatever its dialect. */
export type Front = {
  url: string;
  /** Aborts and rejections so far, in order: what `forwardConverted` ended with. */
  endings: unknown[];
  /** Bytes handed to clients so far. */
  given(): number;
  close(): Promise<void>;
};

export type FrontOptions = {
  provider: TestProvider;
  upstreamUrl: string;
  strict?: boolean;
  /** What the upstream is said to be; the strictest of its family by default. */
  type?: ServerType;
  /** What the upstream calls the model. */
  model?: string;
};

type Asked = { dialect: Dialect; model: string; framing: Framing };

function askedOf(url: string, body: Buffer): Asked {
  const { pathname: path, search: query } = new URL(url, "http://front");
  const dialect = dialects[endpointOf("POST", path).dialect];
  const { model, framing } = dialect.request.read(body, { path, query });
  return { dialect, model: model ?? "", framing: framing ?? json };
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The smallest server around `forwardConverted`: no line, no accounts. */
export async function startFront(options: FrontOptions): Promise<Front> {
  const {
    provider,
    upstreamUrl,
    strict = false,
    type = provider.family,
    model: name = "up",
  } = options;
  const upstream: Upstream = openUpstream({
    url: upstreamUrl,
    key: "upstream-key",
    type,
    connectTimeoutMs: 5_000,
  });
  const endings: unknown[] = [];
  let given = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const before = given;
    const body = await readAll(request);
    const { dialect, model, framing } = askedOf(request.url ?? "/", body);
    const leaving = new AbortController();
    response.once("close", () => {
      if (!response.writableFinished) leaving.abort(new GatewayError("client_closed", "left"));
    });
    try {
      const translator = await dialect.upstreams.conversion?.load();
      if (translator === undefined) throw new Error(`${dialect.name} is not converted`);
      await forwardConverted(
        upstream,
        {
          method: "POST",
          path: "",
          headers: { ...keyHeaders(upstream), "x-request-id": "req-1", "user-agent": "client" },
          body,
          firstByteMs: 10_000,
          idleMs: 10_000,
          fresh: false,
        },
        {
          translator,
          framing,
          requestId: "req-1",
          askedModel: model,
          model: name,
          target: provider.family,
          strict,
          defaultMaxTokens: 4096,
        },
        {
          head: (status, headers) => {
            response.writeHead(status, headers);
          },
          data: (chunk) => {
            given += chunk.length;
            return response.write(chunk);
          },
          whenDrained: (resume) => void response.once("drain", resume),
        },
        leaving.signal,
      );
      endings.push(null);
      response.end();
    } catch (error) {
      endings.push(error);
      const known =
        error instanceof GatewayError ? error : upstreamRejection(500, Buffer.alloc(0), "");
      const events = given > before ? 1 : 0;
      const stream = { requestId: "req-1", answerId: null, model: "m", startedAt: 0, events };
      if (response.headersSent)
        response.end(dialect.errors.event(known, { ...stream, request: {} }));
      else {
        response.writeHead(known.status, { "content-type": "application/json", ...known.headers });
        response.end(dialect.errors.body(known, "req-1"));
      }
    }
  }

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    endings,
    given: () => given,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await upstream.connections.close();
    },
  };
}
