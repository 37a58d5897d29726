import { afterEach, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway } from "./support/harness.ts";
import { politeChat } from "./support/mock-upstream.ts";

// What `auth: none` would open beyond the people on the LAN.

let gateway: TestGateway;
afterEach(() => gateway.stop());

const open = "middlewares: [{ auth: none }]\n";
const ask = async (headers: Record<string, string>): Promise<number> => {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(chat()),
  });
  await response.arrayBuffer();
  return response.status;
};

describe("auth: none", () => {
  it("does not apply to web pages, except those of CORS_ORIGINS", async () => {
    const mine = "https://mine.example";
    gateway = await startTestGateway(politeChat, { CORS_ORIGINS: mine }, open);
    const page = { origin: "https://theirs.example", "content-type": "text/plain" };
    expect(await ask(page)).toBe(401);
    expect(await ask({ origin: "null" })).toBe(401);
    expect(await ask({ origin: mine })).toBe(200);
    expect(await ask({ ...page, authorization: `Bearer ${gateway.keys.bob}` })).toBe(200);
    expect(gateway.upstream.seen).toHaveLength(2);
  });

  it.each(["cf-ray", "cf-connecting-ip", "cf-visitor", "cdn-loop"])(
    "never holds for who comes with %s, whatever else they say",
    async (name) => {
      gateway = await startTestGateway(politeChat, { USER_HEADER: "user" }, open);
      const tricks = {
        user: "alice",
        connection: `close, ${name}`,
        "x-forwarded-for": "127.0.0.1",
        forwarded: "for=127.0.0.1",
        host: "localhost",
      };
      expect(await ask({ [name]: "", ...tricks })).toBe(401);
      expect(await ask({ [name.toUpperCase()]: "1", ...tricks })).toBe(401);
    },
  );

  it("sends no key of the gateway to an upstream that says passthrough", async () => {
    await using far = await startTestGateway(politeChat);
    const config = `${open}
upstreams: { far: { url: "${far.upstream.url}", type: openai, auth: passthrough } }
routes: [{ model: "*", upstream: far }]
`;
    gateway = await startTestGateway(politeChat, { UPSTREAM_URL: "" }, config);
    const { bob = "" } = gateway.keys;
    const ours = { authorization: `Bearer ${bob}` };
    expect(await ask(ours)).toBe(200);
    expect(await ask({ ...ours, "cf-ray": "1" })).toBe(200);
    const theirs = { authorization: "Bearer sk-far", "x-api-key": bob };
    expect(await ask({ ...theirs, "cf-ray": "1" })).toBe(200);
    const seen = far.upstream.seen.map(({ headers }) => headers);
    expect(seen.map(({ authorization: sent }) => sent)).toEqual([
      undefined,
      undefined,
      "Bearer sk-far",
    ]);
    expect(JSON.stringify(seen)).not.toContain(bob);
  });
});
