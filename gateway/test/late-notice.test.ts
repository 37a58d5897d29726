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

describe("a llama.cpp that does not notice that its client has left", () => {
  /** Shows one slot, and works on although the connection has closed. */
  async function start(slots: (isBusy: boolean) => object[] | null) {
    let isBusy = false;
    let asked = 0;
    const gateway = await startTestGateway(
      (seen, response) => {
        if (seen.url.startsWith("/slots")) {
          asked++;
          const shown = slots(isBusy);
          if (shown === null) return void response.writeHead(501).end();
          return void response
            .setHeader("content-type", "application/json")
            .end(JSON.stringify(shown));
        }
        if (seen.url !== "/v1/chat/completions") return void response.writeHead(404).end();
        isBusy = true;
      },
      { UPSTREAM_TYPE: "llamacpp", MAX_CONCURRENT: "1" },
    );
    const chats = () =>
      gateway.upstream.seen.filter(({ url }) => url.endsWith("completions")).length;
    /** A client that leaves, and one behind it. */
    async function leave(): Promise<void> {
      const body = { messages: [{ role: "user", content: "hi" }], logprobs: true };
      for (let left = 0; left < 2; left++) {
        const leaving = new AbortController();
        const { signal } = leaving;
        void gateway.post("/v1/chat/completions", body, { signal }).catch(() => null);
        if (left === 1) break;
        await until(() => chats() === 1, "llama.cpp generates");
        leaving.abort();
      }
    }
    return {
      gateway,
      chats,
      leave,
      asked: () => asked,
      finish: () => {
        isBusy = false;
      },
    };
  }

  it("keeps the slot until /slots shows it idle, asked at most once a second", async () => {
    const trial = await start((isBusy) => [{ id: 0, id_task: 7, is_processing: isBusy }]);
    const since = performance.now();
    await trial.leave();
    await inLine(trial.gateway, { active: 1, waiting: 1 });
    await until(() => trial.asked() >= 3, "it is asked again");
    expect(trial.asked()).toBeLessThanOrEqual((performance.now() - since) / 1_000 + 1);
    expect(trial.chats()).toBe(1);
    trial.finish();
    await until(() => trial.chats() === 2, "the next request starts");
    await trial.gateway.stop();
  });

  it("counts another task in the slot as the end of the one that was left", async () => {
    let task = 7;
    const trial = await start((isBusy) => [{ id: 0, id_task: task, is_processing: isBusy }]);
    await trial.leave();
    await inLine(trial.gateway, { active: 1, waiting: 1 });
    await until(() => trial.asked() >= 1, "it is asked");
    task = 8;
    await until(() => trial.chats() === 2, "the next request starts");
    trial.finish();
    await trial.gateway.stop();
  });

  it("believes the closed connection where it does not show its slots", async () => {
    const trial = await start(() => null);
    await trial.leave();
    await until(() => trial.chats() === 2, "the next request starts");
    await trial.gateway.stop();
  });
});
