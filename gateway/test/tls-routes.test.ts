import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway } from "./support/harness.ts";
import { createTestAuthority } from "./support/test-authority.ts";

const authority = createTestAuthority("Test authority");
const here = { addresses: ["127.0.0.1"] };
let dir = "";
let gateway: TestGateway | null = null;
const servers: Server[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "llm-gateway-tls-"));
  writeFileSync(join(dir, "ca.pem"), authority.ca);
});

afterEach(async () => {
  await gateway?.stop();
  gateway = null;
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  rmSync(dir, { recursive: true, force: true });
});

const choices = [
  { index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" },
];
const answer = JSON.stringify({
  id: "x",
  object: "chat.completion",
  created: 1,
  model: "m",
  choices,
});

async function serve(options: ServerOptions, said = answer, type = "application/json") {
  const server = createServer(options, (_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200, { "content-type": type }).end(said);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function ask(url: string, more = ""): Promise<Response> {
  const config = `upstreams: { far: { url: "${url}", type: openai${more} } }
routes: [{ model: "*", upstream: far }]
`;
  gateway = await startTestGateway(() => {}, { UPSTREAM_URL: "" }, config);
  return gateway.post("/v1/chat/completions", chat());
}

const messageOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { error: { message: string } }).error.message;

describe("a route to an upstream with TLS", () => {
  it("accepts a certificate of the authority in UPSTREAM_CA", async () => {
    const url = await serve(authority.issue(here));
    expect((await ask(url, `, ca: "${join(dir, "ca.pem")}"`)).status).toBe(200);
  });

  it("shows the upstream the gateway's own certificate", async () => {
    const own = authority.issue({ names: ["gateway"] });
    writeFileSync(join(dir, "own.pem"), own.cert);
    writeFileSync(join(dir, "own.key"), own.key);
    const asking = { requestCert: true, rejectUnauthorized: true, ca: authority.ca };
    const url = await serve({ ...authority.issue(here), ...asking });
    const files = `ca: "${join(dir, "ca.pem")}", certificate: "${join(dir, "own.pem")}"`;
    const response = await ask(url, `, ${files}, certificate_key: "${join(dir, "own.key")}"`);
    expect(response.status).toBe(200);
  });

  it("is a 502 with the reason if the certificate is expired or of an unknown authority", async () => {
    const url = await serve(authority.issue(here));
    const response = await ask(url);
    expect(response.status).toBe(502);
    expect(await messageOf(response)).toMatch(/certificate/);
    await gateway?.stop();
    const past = new Date(Date.now() - 1_000);
    const expired = await serve(authority.issue({ ...here, until: past }));
    const late = await ask(expired, `, ca: "${join(dir, "ca.pem")}"`);
    expect(late.status).toBe(502);
    expect(await messageOf(late)).toMatch(/expired/);
    expect(gateway?.rows()).toMatchObject([
      { state: "failed", error_code: "upstream_unreachable" },
    ]);
  });

  it("that answers with an HTML page in place of JSON is a 502, and frees the slot", async () => {
    const url = await serve(authority.issue(here), "<h1>Hello</h1>", "text/html");
    const response = await ask(url, `, ca: "${join(dir, "ca.pem")}"`);
    expect(response.status).toBe(502);
    expect(await messageOf(response)).toMatch(/web page/);
    expect((await gateway?.health())?.line).toMatchObject({ active: 0 });
  });
});
