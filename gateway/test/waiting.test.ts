import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { politeChat } from "./support/mock-upstream.ts";

let gateway: TestGateway;
let release: () => void;
let first: Promise<Response>;

/** Somebody holds the one slot until `release`. */
beforeEach(async () => {
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  gateway = await startTestGateway(async (seen, response, request) => {
    await held;
    await politeChat(seen, response, request);
  });
  first = gateway.post("/v1/chat/completions", chat(), { user: "bob" });
  await until(() => gateway.upstream.seen.length === 1, "one runs");
});
afterEach(async () => {
  release();
  await (await first).text();
  await until(async () => (await gateway.health()).line.active === 0, "the slot is free");
  expect((await gateway.health()).line.waiting).toBe(0);
  await gateway.stop();
});

const waiting = (count: number): Promise<void> =>
  until(async () => (await gateway.health()).line.waiting === count, `${count} wait`);

describe("who waits in line", () => {
  it("with a body of 5 MB has it arrive as it was", async () => {
    const content = `${"zażółć 🦙 ".repeat(350_000)}`.slice(0, 3_500_000);
    const body = JSON.stringify(chat({ messages: [{ role: "user", content }] }));
    expect(Buffer.byteLength(body)).toBeGreaterThan(5 * 1024 * 1024);
    const asked = gateway.post("/v1/chat/completions", body);
    await waiting(1);
    release();
    expect((await asked).status).toBe(200);
    expect((await asked).headers.get("x-queue-position")).toBe("1");
    expect(gateway.upstream.seen[1]?.body.equals(Buffer.from(body))).toBe(true);
    expect(gateway.rows()[1]).toMatchObject({ state: "done", input_tokens: 3, output_tokens: 2 });
  });

  it("with the request id of another who waits is not taken for that other", async () => {
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
    await waiting(2);
    const left = (await leaves).text().catch(() => "left");
    leaving.abort();
    expect(await left).toBe("left");
    await waiting(1);
    release();
    expect(await (await stays).text()).toContain("data: [DONE]");
    expect(gateway.upstream.seen).toHaveLength(2);
    const rows = gateway.rows().filter(({ request_id }) => request_id === "same");
    expect(rows.map(({ user, state }) => [user, state]).toSorted()).toEqual([
      ["alice", "cancelled"],
      ["carol", "done"],
    ]);
  });
});
