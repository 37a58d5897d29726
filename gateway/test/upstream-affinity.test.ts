import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Affinity, createAffinity } from "../upstreams/affinity.ts";
import { conversationKey } from "../upstreams/conversation-key.ts";
import { type LlamaServer, llamaScript, startLlamaServer, whyNoLlama } from "./llama-server.ts";

type Turn = { role: string; content: string };
type Reply = {
  choices: { message: { content: string } }[];
  timings: { cache_n: number; prompt_n: number };
};

if (llamaScript === null) console.warn(`upstream-affinity: ${whyNoLlama}`);

describe.runIf(llamaScript !== null)("two llama-servers", () => {
  const servers: LlamaServer[] = [];
  beforeAll(async () => {
    if (llamaScript === null) return;
    for (let count = 0; count < 2; count++) {
      servers.push(await startLlamaServer(llamaScript, { NP: "4" }));
    }
  }, 60_000);
  afterAll(() => {
    for (const server of servers) server.stop();
  });

  /** Goes where the conversation was last, else to the next in turn. */
  async function say(affinity: Affinity, turns: Turn[], next: number): Promise<Reply> {
    const body = Buffer.from(JSON.stringify({ model: "m", max_tokens: 8, messages: turns }));
    const key = conversationKey("alice", "m", body, "chat");
    const url = affinity.preferred(key) ?? servers[next % servers.length]?.url ?? "";
    affinity.remember(key, url);
    const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", body });
    return (await response.json()) as Reply;
  }

  it("answer nine in ten second turns with most of the prompt in their cache", async () => {
    const affinity = createAffinity();
    const talks = Array.from({ length: 8 }, (_, index): Turn[] => [
      { role: "system", content: `You are number ${index}. `.repeat(3) },
      { role: "user", content: `${String.fromCharCode(97 + index).repeat(40)}?` },
    ]);
    for (const [index, turns] of talks.entries()) {
      const reply = await say(affinity, turns, index);
      turns.push({ role: "assistant", content: reply.choices[0]?.message.content ?? "" });
      turns.push({ role: "user", content: "and then?" });
    }
    let warm = 0;
    for (const [index, turns] of talks.entries()) {
      // In an order that would lead each to the other server.
      const { timings } = await say(affinity, turns, index + 1);
      if (timings.cache_n > timings.prompt_n) warm += 1;
    }
    expect(warm).toBeGreaterThanOrEqual(Math.ceil(talks.length * 0.9));
  }, 60_000);
});
