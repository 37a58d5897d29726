import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { type Holding, holding, inLine } from "./support/holding.ts";
import type { Handler } from "./support/mock-upstream.ts";

const uploads = "/v1/audio/transcriptions";
const settings = {
  MAX_BODY_BYTES: "256KiB",
  MAX_WAITING_BYTES: "1MiB",
  UPLOAD_MIN_RATE: "64KiB",
  BODY_TIMEOUT: "1s",
};

let upstream: Holding;
let gateway: TestGateway;
let sockets: Socket[] = [];
beforeEach(async () => {
  // It answers what is no chat at once.
  const before: Handler = ({ url }, response) => {
    if (!url.endsWith("/completions")) response.end("{}");
  };
  upstream = holding({ before });
  // Several processes share the memory out, and each is fair with its part.
  gateway = await startTestGateway(upstream.handler, { ...settings, WORKERS: "1" });
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  upstream.releaseAll();
  await inLine(gateway, { active: 0, waiting: 0 });
  await gateway.stop();
});

/** A request on a connection of its own, as far as its client has sent it. */
function begin(path: string, user: string, headers: string[], body: string | Buffer = ""): Socket {
  const socket = connect(gateway.port, "127.0.0.1").on("error", () => {});
  sockets.push(socket);
  const key = `authorization: Bearer ${gateway.keys[user]}`;
  socket.write(`POST ${path} HTTP/1.1\r\n${["host: x", key, ...headers].join("\r\n")}\r\n\r\n`);
  if (body.length > 0) socket.write(body);
  return socket;
}

/** All that a connection answers, until its client has waited for so long. */
async function answerOf(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
  });
  await until(() => text.includes("\r\n\r\n"), "it is answered");
  return text;
}

const textOf = (kilobytes: number): object =>
  chat({ messages: [{ role: "user", content: "x".repeat(kilobytes * 1024) }] });

describe("the memory for bodies", () => {
  it("is not taken by requests without a body, nor by what is declared and not sent", async () => {
    const running = gateway.post("/v1/chat/completions", chat());
    await inLine(gateway, { active: 1 });
    for (let count = 0; count < 20; count++) {
      begin("/v1/images/variations", "bob", []);
      begin(uploads, "bob", ["content-length: 200000"]);
      begin(
        uploads,
        "bob",
        ["content-type: audio/wav", "transfer-encoding: chunked"],
        "1\r\nx\r\n",
      );
    }
    await inLine(gateway, { active: 1, waiting: 20 });
    const alice = gateway.post("/v1/chat/completions", textOf(200), { user: "carol" });
    await inLine(gateway, { active: 1, waiting: 21 });
    upstream.releaseAll();
    expect((await alice).status).toBe(200);
    expect((await running).status).toBe(200);
  });

  it("is shared by user: a full queue of one leaves room for another", async () => {
    const bobs = Array.from({ length: 4 }, () =>
      gateway.post("/v1/chat/completions", textOf(150), { user: "bob" }),
    );
    await until(async () => {
      const settled = await Promise.race([Promise.all(bobs), sleep(0)]);
      return settled !== undefined || upstream.held() > 0;
    }, "his requests have come");
    const refused = await Promise.race(bobs);
    expect(refused.status).toBe(503);
    const { error } = (await refused.json()) as { error: Record<string, string> };
    expect(error).toMatchObject({ code: "memory_full" });
    expect(error.message).toMatch(/your whole share/);
    expect(refused.headers.get("retry-after")).toBe("5");
    const carol = gateway.post("/v1/chat/completions", textOf(100), { user: "carol" });
    await inLine(gateway, { active: 1, waiting: 3 });
    upstream.releaseAll();
    expect((await carol).status).toBe(200);
    const after = gateway.post("/v1/chat/completions", textOf(200), { user: "bob" });
    expect((await after).status).toBe(200);
  });
});

describe("an upload", () => {
  it("that fits the bound takes a slot only when it is there", async () => {
    const socket = begin(uploads, "bob", ["content-length: 1000"], "x".repeat(10));
    await sleep(100);
    await inLine(gateway, { active: 0, waiting: 0 });
    upstream.releaseAll();
    expect((await gateway.post("/v1/chat/completions", chat())).status).toBe(200);
    expect(gateway.rows()).toHaveLength(1);
    socket.write("y".repeat(990));
    expect(await answerOf(socket)).toMatch(/^HTTP\/1.1 200/);
    expect(gateway.upstream.seen.at(-1)?.body.toString()).toBe("x".repeat(10) + "y".repeat(990));
  });

  it("that is larger streams in its slot, with every byte as it came", async () => {
    upstream.releaseAll();
    const body = Buffer.alloc(3_000_000);
    for (let at = 0; at < body.length; at++) body[at] = (at * 7 + (at >> 10)) & 0xff;
    const socket = begin(uploads, "bob", [`content-length: ${body.length}`], body);
    expect(await answerOf(socket)).toMatch(/^HTTP\/1.1 200/);
    expect(gateway.upstream.seen.at(-1)?.body.equals(body)).toBe(true);
  });

  it.each([
    ["stalls", 0],
    ["comes slower than UPLOAD_MIN_RATE", 1000],
  ])("that %s loses its slot", async (_what, bytesEachTime) => {
    upstream.releaseAll();
    const socket = begin(uploads, "bob", ["content-length: 1000000"], Buffer.alloc(300_000));
    await inLine(gateway, { active: 1 });
    const drip = setInterval(() => socket.write(Buffer.alloc(bytesEachTime)), 100);
    try {
      const answer = await answerOf(socket);
      expect(answer).toMatch(/^HTTP\/1.1 408/);
      expect(answer).toMatch(/UPLOAD_MIN_RATE/);
    } finally {
      clearInterval(drip);
    }
    await inLine(gateway, { active: 0 });
    expect(gateway.rows()).toMatchObject([{ state: "failed", error_code: "body_timeout" }]);
    expect((await gateway.post("/v1/chat/completions", chat())).status).toBe(200);
  });
});
