import { afterEach, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway } from "./support/harness.ts";
import {
  type Handler,
  type MockUpstream,
  politeChat,
  startMockUpstream,
} from "./support/mock-upstream.ts";

// What one user could do to the upstreams that all others need.

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

async function upstream(answer: Handler): Promise<MockUpstream> {
  const server = await startMockUpstream(answer);
  opened.push(server);
  return server;
}

async function gatewayOf(a: MockUpstream, b: MockUpstream, more = ""): Promise<TestGateway> {
  const config = `${more}
upstreams:
  a: { url: "${a.url}", type: openai${more === "" ? "" : ", auth: passthrough"} }
  b: { url: "${b.url}", type: openai${more === "" ? "" : ", auth: passthrough"} }
routes: [{ model: "*", upstream: a, fallbacks: [b] }]
`;
  const gateway = await startTestGateway(() => {}, { UPSTREAM_URL: "" }, config);
  opened.push({ close: () => gateway.stop() });
  return gateway;
}

const statusOf = async (gateway: TestGateway, fields: object = {}): Promise<number> => {
  const response = await gateway.post("/v1/chat/completions", chat({ ...fields }));
  await response.arrayBuffer();
  return response.status;
};

describe("an upstream", () => {
  it("after a proxy time-out is not asked twice: it may still be generating", async () => {
    const a = await upstream((_seen, response) => void response.writeHead(504).end());
    const b = await upstream(politeChat);
    const gateway = await gatewayOf(a, b);
    expect(await statusOf(gateway)).toBe(502);
    expect([a.seen.length, b.seen.length]).toEqual([1, 0]);
    expect(gateway.rows()).toHaveLength(1);
  });

  it("that refuses the bad requests of one user stays open to all", async () => {
    const a = await upstream((seen, response, request) => {
      if (seen.body.includes('"bad"')) response.writeHead(400).end("{}");
      else politeChat(seen, response, request);
    });
    const b = await upstream(politeChat);
    const gateway = await gatewayOf(a, b);
    for (let count = 0; count < 9; count++) expect(await statusOf(gateway, { bad: 1 })).toBe(400);
    expect(await statusOf(gateway)).toBe(200);
    expect([a.seen.length, b.seen.length]).toEqual([10, 0]);
  });

  it("that limits the key of one client still gets the requests of others at once", async () => {
    const a = await upstream((seen, response, request) => {
      if (seen.headers.authorization === "Bearer greedy") {
        response.writeHead(429, { "retry-after": "60" }).end("{}");
      } else politeChat(seen, response, request);
    });
    const b = await upstream((_seen, response) => void response.writeHead(400).end("{}"));
    const gateway = await gatewayOf(a, b, "middlewares: [{ auth: none }]");
    const ask = async (key: string): Promise<number> => {
      const headers = { authorization: `Bearer ${key}` };
      const response = await gateway.post("/v1/chat/completions", chat(), { headers });
      await response.arrayBuffer();
      return response.status;
    };
    expect(await ask("greedy")).toBe(400);
    expect(await ask("modest")).toBe(200);
  });

  it("that repeats the gateway's key in an error does not reveal it to the client", async () => {
    const key = "sk-of-the-gateway";
    const a = await upstream(({ headers }, response) => {
      const message = `Wrong: ${headers.authorization ?? headers["x-api-key"]}`;
      response.writeHead(400, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { message, given: message } }));
    });
    const config = `upstreams:
  a: { url: "${a.url}", type: openai, key: ${key} }
  b: { url: "${a.url}", type: anthropic, key: ${key} }
routes: [{ model: a, upstream: a }, { model: b, upstream: b }]
`;
    const gateway = await startTestGateway(() => {}, { UPSTREAM_URL: "" }, config);
    opened.push({ close: () => gateway.stop() });
    for (const model of ["a", "b"]) {
      const response = await gateway.post("/v1/chat/completions", chat({ model }));
      const text = await response.text();
      expect([response.status, text.includes("Wrong: "), text.includes(key)]).toEqual([
        400,
        true,
        false,
      ]);
    }
  });
});
