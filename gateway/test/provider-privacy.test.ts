import { afterEach, beforeEach, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway } from "./support/harness.ts";
import { type MockUpstream, politeChat, startMockUpstream } from "./support/mock-upstream.ts";
import { startTestProxy, type TestProxy } from "./support/test-proxy.ts";

let proxy: TestProxy;
let house: MockUpstream;
let provider: MockUpstream;
let gateway: TestGateway;
beforeEach(async () => {
  proxy = await startTestProxy();
  house = await startMockUpstream(politeChat, ["own"]);
  provider = await startMockUpstream(politeChat, ["theirs"]);
  process.env.http_proxy = `http://127.0.0.1:${proxy.port}`;
  // A public name, which the proxy leads to this machine.
  const config = `
upstreams:
  own: { url: "${house.url}", type: openai }
  cloud: { url: "http://api.provider.example:${provider.port}", type: openai }
  claude: { url: "http://claude.provider.example:${provider.port}", type: anthropic }
routes:
  - { model: claude, upstream: claude }
  - { model: theirs, upstream: cloud }
  - { model: "*", upstream: own }
`;
  gateway = await startTestGateway(politeChat, { UPSTREAM_URL: "" }, config);
});
afterEach(async () => {
  delete process.env.http_proxy;
  await gateway.stop();
  for (const one of [proxy, house, provider]) await one.close();
});

const message = { max_tokens: 5, messages: [{ role: "user", content: "hello" }] };

it.each([
  ["a chat", "/v1/chat/completions", chat({ model: "theirs" })],
  ["a message that becomes a chat", "/v1/messages", { model: "theirs", ...message }],
  ["a chat that becomes a message", "/v1/chat/completions", chat({ model: "claude" })],
  ["a count of tokens", "/v1/messages/count_tokens", { model: "claude", ...message }],
])("%s tells a provider nothing of the person", async (_, path, body) => {
  const said = { "x-openwebui-user-email": "ann@home", "x-gateway-user": "bob" };
  await (await gateway.post(path, body, { headers: said })).text();
  expect(provider.seen.length).toBeGreaterThan(0);
  for (const { headers, body: sent } of provider.seen) {
    expect(Object.keys(headers)).not.toContain("x-gateway-user");
    expect(JSON.stringify(headers) + sent.toString()).not.toMatch(/alice|bob|ann@home/);
  }
  await (await gateway.post("/v1/chat/completions", chat({ model: "own" }))).text();
  expect(house.seen.at(-1)?.headers["x-gateway-user"]).toBe("alice");
});
