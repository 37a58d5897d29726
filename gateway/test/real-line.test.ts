import { describe, expect, it } from "vitest";
import { startTestGateway, until } from "./support/harness.ts";
import { llamaScript, startLlamaServer, whyNoLlama } from "./support/llama-server.ts";
import { politeChat } from "./support/mock-upstream.ts";

if (llamaScript === null) console.warn(`real-line: ${whyNoLlama}`);

type Event = {
  queue?: { position: number };
  progress?: { percent: number };
  choices: { delta: { content?: string | null } }[];
};

describe.runIf(llamaScript !== null)("the line in front of a real llama-server", () => {
  it("MAX_CONCURRENT=auto takes as many slots as it has", async () => {
    const llama = await startLlamaServer(llamaScript ?? "", { NP: "3" });
    const gateway = await startTestGateway(politeChat, {
      UPSTREAM_URL: llama.url,
      UPSTREAM_TYPE: "auto",
      MAX_CONCURRENT: "auto",
    });
    await until(async () => {
      const { line } = (await gateway.health()) as unknown as { line: { capacity: number } };
      return line.capacity === 3;
    }, "three slots");
    await gateway.stop();
    llama.stop();
  });

  it("sends a waiting client its place, then the progress of its prompt, then the answer", async () => {
    const llama = await startLlamaServer(llamaScript ?? "");
    const gateway = await startTestGateway(politeChat, {
      UPSTREAM_URL: llama.url,
      UPSTREAM_TYPE: "llamacpp",
      MAX_CONCURRENT: "1",
    });
    const ask = (user: string, max_tokens: number, content: string): Promise<Response> => {
      const messages = [{ role: "user", content }];
      const body = { messages, max_tokens, stream: true };
      return gateway.post("/v1/chat/completions", body, { user });
    };
    const first = await ask("alice", 2_000, "hello");
    const second = await ask("bob", 4, "word ".repeat(600));
    await first.text();
    const text = await second.text();
    const events = [...text.matchAll(/^data: (\{.*\})$/gm)].map(([, data = ""]) => {
      return JSON.parse(data) as Event;
    });
    const kinds = events.map(({ queue, progress, choices }) => {
      if (queue !== undefined) return queue.position > 0 ? "place" : "runs";
      if (progress !== undefined) return progress.percent < 100 ? "reads" : "has read";
      return choices[0]?.delta.content ? "says" : "";
    });
    const order = kinds.filter((kind, i) => kind !== "" && kind !== kinds[i - 1]);
    expect(order).toEqual(["place", "runs", "reads", "has read", "says"]);
    expect(events.every((event) => !("prompt_progress" in event))).toBe(true);
    await gateway.stop();
    llama.stop();
  }, 60_000);
});
