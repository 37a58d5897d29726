import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway } from "./support/harness.ts";
import { type Holding, holding, inLine } from "./support/holding.ts";

let gateway: TestGateway;
let upstream: Holding;
let first: Promise<Response>;

/** Bob's request has the only slot until `upstream.releaseAll()`. */
beforeEach(async () => {
  upstream = holding();
  gateway = await startTestGateway(upstream.handler);
  first = gateway.post("/v1/chat/completions", chat(), { user: "bob" });
  await inLine(gateway, { active: 1 });
});
afterEach(async () => {
  upstream.releaseAll();
  await (await first).text();
  await inLine(gateway, { active: 0, waiting: 0 });
  await gateway.stop();
});

describe("a request that waits in the queue", () => {
  it("with a body of 5 MB reaches the upstream unchanged", async () => {
    const content = `${"zażółć 🦙 ".repeat(350_000)}`.slice(0, 3_500_000);
    const body = JSON.stringify(chat({ messages: [{ role: "user", content }] }));
    expect(Buffer.byteLength(body)).toBeGreaterThan(5 * 1024 * 1024);
    const asked = gateway.post("/v1/chat/completions", body);
    await inLine(gateway, { waiting: 1 });
    upstream.releaseAll();
    expect((await asked).status).toBe(200);
    expect((await asked).headers.get("x-queue-position")).toBe("1");
    expect(gateway.upstream.seen[1]?.body.equals(Buffer.from(body))).toBe(true);
    expect(gateway.rows()[1]).toMatchObject({ state: "done", input_tokens: 3, output_tokens: 2 });
  });

  it("is not mistaken for another waiting request with the same request id", async () => {
    const headers = { "x-request-id": "same" };
    const leaving = new AbortController();
    const { signal } = leaving;
    const leaves = gateway.post("/v1/chat/completions", chat({ stream: true }), {
      headers,
      signal,
    });
    const stays = gateway.post("/v1/chat/completions", chat({ stream: true }), {
      headers,
      user: "carol",
    });
    await inLine(gateway, { waiting: 2 });
    const left = (await leaves).text().catch(() => "left");
    leaving.abort();
    expect(await left).toBe("left");
    await inLine(gateway, { waiting: 1 });
    upstream.releaseAll();
    expect(await (await stays).text()).toContain("data: [DONE]");
    expect(gateway.upstream.seen).toHaveLength(2);
    const rows = gateway.rows().filter(({ request_id }) => request_id === "same");
    expect(rows.map(({ user, state }) => [user, state]).toSorted()).toEqual([
      ["alice", "cancelled"],
      ["carol", "done"],
    ]);
  });
});
