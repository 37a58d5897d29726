import { createSecureServer } from "node:http2";
import { createServer, type Server, type ServerOptions } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { GatewayError } from "../errors.ts";
import { createTestAuthority } from "../test/support/test-authority.ts";
import { ask } from "./ask.ts";
import { certificateTrouble } from "./certificate-trouble.ts";
import { failureOf } from "./failure.ts";
import { openUpstream, type Upstream } from "./upstream.ts";

const authority = createTestAuthority("Test authority");
const localhost = { addresses: ["127.0.0.1"] };

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endings.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

const start = (options: ServerOptions): Promise<number> =>
  listening(
    createServer(options, (request, response) => {
      response.end(`hello ${request.httpVersion} ${request.headers["x-api-key"] ?? ""}`.trim());
    }),
  );

function open(port: number, tls?: { ca?: string; cert?: string; key?: string }): Upstream {
  const upstream = openUpstream({
    url: `https://127.0.0.1:${port}`,
    key: null,
    type: "openai",
    connectTimeoutMs: 5_000,
    ...(tls === undefined ? {} : { tls }),
  });
  endings.push(() => upstream.connections.close());
  return upstream;
}

const hear = async (upstream: Upstream): Promise<string> =>
  (await ask(upstream, "/", 5_000)).bytes.toString();

const troubleOf = (upstream: Upstream): Promise<GatewayError> =>
  hear(upstream).then(
    () => expect.fail("it answered"),
    (error) => error,
  );

describe("a TLS upstream", () => {
  it("with a certificate of an own authority answers", async () => {
    const upstream = open(await start(authority.issue(localhost)), { ca: authority.ca });
    expect(await hear(upstream)).toBe("hello 1.1");
  });

  it("of no authority that we know is not trusted, and the error says so without an address", async () => {
    const error = await troubleOf(open(await start(authority.issue(localhost))));
    expect(error).toMatchObject({ code: "upstream_unreachable", status: 502 });
    expect(error.message).toBe("The upstream cannot be reached: its certificate is not trusted.");
    expect(failureOf(error).kind).toBe("down");
  });

  it("reports an expired certificate", async () => {
    const until = new Date(Date.now() - 3_600_000);
    const port = await start(authority.issue({ ...localhost, until }));
    const error = await troubleOf(open(port, { ca: authority.ca }));
    expect(error.code).toBe("upstream_unreachable");
    expect(error.message).toContain("its certificate expired");
  });

  it("with the certificate of another name is told so, without either name", async () => {
    const port = await start(authority.issue({ names: ["other.example"] }));
    const error = await troubleOf(open(port, { ca: authority.ca }));
    expect(error.code).toBe("upstream_unreachable");
    expect(error.message).toContain("its certificate is for another host name");
    expect(error.message).not.toMatch(/other\.example|127\.0/);
  });

  it("may ask for a certificate of ours", async () => {
    const options = { ca: authority.ca, requestCert: true, rejectUnauthorized: true };
    const port = await start({ ...authority.issue(localhost), ...options });
    const ours = authority.issue({ names: ["gateway"] });
    expect(await hear(open(port, { ca: authority.ca, ...ours }))).toBe("hello 1.1");
    // Node's own servers only close; OpenSSL's say why, after what looks to us like a whole
    // handshake.
    const error = await troubleOf(open(port, { ca: authority.ca }));
    expect(failureOf(error).kind).toBe("down");
    const said = certificateTrouble("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED");
    expect(said).toBe("it requires a client certificate");
    expect(certificateTrouble("ERR_SSL_TLSV1_ALERT_UNKNOWN_CA")).toContain("rejects the gateway's");
    expect(certificateTrouble("ECONNRESET")).toBeNull();
  });

  it("that does not speak TLS at all is told so", async () => {
    const { createServer: createPlainServer } = await import("node:http");
    const port = await listening(createPlainServer() as unknown as Server);
    const error = await troubleOf(open(port));
    expect(error.code).toBe("upstream_unreachable");
    expect(error.message).toMatch(/no TLS version|TLS handshake/);
  });

  it("that speaks HTTP/2 too is spoken to in HTTP/1.1, where a cancel closes one generation only", async () => {
    const server = createSecureServer(
      { ...authority.issue(localhost), allowHTTP1: true },
      (request, response) => void response.end(`version ${request.httpVersion}`),
    );
    const port = await listening(server as unknown as Server);
    expect(await hear(open(port, { ca: authority.ca }))).toBe("version 1.1");
  });
});

describe("TLS options", () => {
  const opening = (tls: { ca?: string; cert?: string; key?: string }) => () =>
    openUpstream({ url: "https://a", key: null, type: "openai", connectTimeoutMs: 1, tls });

  it("that are no PEM stop the start with one line that quotes nothing", () => {
    const { cert, key } = authority.issue(localhost);
    expect(opening({ ca: "not a certificate" })).toThrow(/holds no PEM certificate/);
    const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    expect(opening({ ca: broken })).toThrow(/authority is not readable/);
    expect(opening({ cert: "x", key: "secret" })).toThrow(/^the client certificate and its key/);
    expect(opening({ cert })).toThrow(/given together/);
    expect(opening({ cert, key: authority.issue(localhost).key })).toThrow(/belong together/);
    expect(opening({ cert, key })).not.toThrow();
  });
});
