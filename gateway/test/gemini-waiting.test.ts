import { GoogleGenAI } from "@google/genai";
import { afterEach, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { type Holding, holding, inLine } from "./support/holding.ts";

let gateway: TestGateway;
let upstream: Holding;
afterEach(async () => {
  upstream.releaseAll();
  await gateway.stop();
});

const path = "/v1beta/models/m:streamGenerateContent?alt=sse";
const asked = { contents: [{ role: "user", parts: [{ text: "hi" }] }] };

/** Bob's request has the only slot until `upstream.releaseAll()`. */
async function start(env: Record<string, string> = {}): Promise<void> {
  upstream = holding();
  gateway = await startTestGateway(upstream.handler, env);
  const first = gateway.post("/v1/chat/completions", chat(), { user: "bob" });
  void first.then((answer) => answer.text()).catch(() => {});
  await inLine(gateway, { active: 1 });
}

type Chunk = {
  candidates: { content: { parts: { text: string }[] } }[];
  queue?: { position: number };
};

/** Its chunks; throws if a line is neither data nor blank. */
function chunksOf(text: string): Chunk[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      expect(line).toMatch(/^data: \{/);
      return JSON.parse(line.slice("data: ".length)) as Chunk;
    });
}

const saidIn = (chunks: readonly Chunk[]): string =>
  chunks
    .flatMap(({ candidates }) => candidates[0]?.content.parts ?? [])
    .reduce((said, part) => said + part.text, "");

// The first conversion loads its libraries.
describe("a Gemini stream that waits", { timeout: 20_000 }, () => {
  it("tells its place in chunks that say nothing, and has no comment: its clients fail on one", async () => {
    await start();
    const answer = gateway.post(path, asked);
    await inLine(gateway, { waiting: 1 });
    upstream.releaseAll();
    const chunks = chunksOf(await (await answer).text());
    const places = chunks.flatMap(({ queue }) => queue?.position ?? []);
    expect(places).toEqual([1, 0]);
    expect(chunks.slice(0, 2).every((chunk) => saidIn([chunk]) === "")).toBe(true);
    expect(saidIn(chunks)).toBe("Hello there");
  });

  it.each(["comment", "off"])("tells no place for X-Queue-Events: %s", async (form) => {
    await start({ KEEP_ALIVE: "1s" });
    const answer = await gateway.post(path, asked, { headers: { "x-queue-events": form } });
    const reader = (answer.body ?? new ReadableStream<Uint8Array>()).getReader();
    const first = Buffer.from((await reader.read()).value ?? []).toString();
    expect(chunksOf(first)).toEqual([
      { candidates: [{ content: { role: "model", parts: [{ text: "" }] }, index: 0 }] },
    ]);
    await reader.cancel();
    await inLine(gateway, { waiting: 0 });
  });

  it("is kept alive by the same chunk while the upstream is silent", async () => {
    upstream = holding();
    gateway = await startTestGateway(upstream.handler, { KEEP_ALIVE: "1s" });
    const answer = await gateway.post(path, asked);
    upstream.releaseAll();
    const chunks = chunksOf(await answer.text());
    expect(saidIn(chunks.slice(0, 1))).toBe("");
    expect(saidIn(chunks)).toBe("Hello there");
  });

  it("is one answer for @google/genai, and an error that ends the wait is raised", async () => {
    await start();
    const apiKey = String(gateway.keys.alice);
    const client = new GoogleGenAI({ apiKey, httpOptions: { baseUrl: gateway.url } });
    const ask = async (): Promise<string> => {
      let text = "";
      const stream = await client.models.generateContentStream({ model: "m", contents: "hi" });
      for await (const chunk of stream) text += chunk.text ?? "";
      return text;
    };
    const removed = ask().catch((error: Error) => error.message);
    await inLine(gateway, { waiting: 1 });
    const headers = { authorization: `Bearer ${gateway.keys.admin}` };
    const queue = await (await fetch(`${gateway.url}/queue`, { headers })).json();
    const { data } = queue as { data: { id: string; state: string }[] };
    const id = data.find(({ state }) => state === "waiting")?.id;
    await fetch(`${gateway.url}/queue/${id}`, { method: "DELETE", headers });
    expect(await removed).toContain("removed from the queue");
    const answered = ask();
    await inLine(gateway, { waiting: 1 });
    upstream.releaseAll();
    expect(await answered).toBe("Hello there");
    await until(async () => (await gateway.health()).line.active === 0, "all is over");
  });
});
