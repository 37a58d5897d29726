import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { inLine } from "./support/holding.ts";
import {
  type LlamaServer,
  llamaScript,
  startLlamaServer,
  whyNoLlama,
} from "./support/llama-server.ts";
import { politeChat } from "./support/mock-upstream.ts";

if (llamaScript === null) console.warn(`late-notice: ${whyNoLlama}`);

describe.runIf(llamaScript !== null)("a request that llama.cpp must not stream", () => {
  let llama: LlamaServer;
  let gateway: TestGateway;
  beforeAll(async () => {
    llama = await startLlamaServer(llamaScript ?? "", { CTX: "65536" });
    gateway = await startTestGateway(politeChat, {
      UPSTREAM_URL: llama.url,
      UPSTREAM_TYPE: "llamacpp",
      MAX_CONCURRENT: "1",
    });
  }, 60_000);
  afterAll(async () => {
    await gateway.stop();
    llama.stop();
  });

  const isBusy = async (): Promise<boolean> => {
    const slots = (await (await fetch(`${llama.url}/slots`)).json()) as {
      is_processing: boolean;
    }[];
    return slots.some(({ is_processing }) => is_processing);
  };

  it("keeps its slot until llama.cpp has stopped, though its client has left: never two at once", async () => {
    const leaving = new AbortController();
    const body = {
      messages: [{ role: "user", content: "hi" }],
      ...{ max_tokens: 60_000, ignore_eos: true, logprobs: true },
    };
    const { signal } = leaving;
    const left = gateway
      .post("/v1/chat/completions", body, { signal })
      .catch(() => "left" as const);
    await until(isBusy, "llama.cpp generates");
    leaving.abort();
    expect(await left).toBe("left");
    const asked = gateway.post("/v1/chat/completions", { ...body, max_tokens: 1 });
    // The next request waits as long as the first is at work.
    await inLine(gateway, { active: 1, waiting: 1 });
    expect((await asked).status).toBe(200);
    expect(gateway.rows()).toMatchObject([{ state: "cancelled" }, { state: "done" }]);
    await inLine(gateway, { active: 0, waiting: 0 });
    expect(await isBusy()).toBe(false);
  }, 60_000);
});
