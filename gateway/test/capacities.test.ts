import { afterEach, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import {
  type Handler,
  type MockUpstream,
  politeChat,
  startMockUpstream,
} from "./support/mock-upstream.ts";

let gateway: TestGateway | undefined;
const others: MockUpstream[] = [];
/** The models that run now, and what ends each. */
let running: { model: string; end: () => void }[] = [];
afterEach(async () => {
  for (const { end } of running) end();
  await gateway?.stop();
  for (const other of others.splice(0)) await other.close();
  gateway = undefined;
  running = [];
});

const held: Handler = async (seen, response, request) => {
  const { model } = JSON.parse(seen.body.toString()) as { model: string };
  await new Promise<void>((resolve) => {
    const one = { model, end: resolve };
    running.push(one);
    response.once("close", resolve);
  });
  if (!response.destroyed) await politeChat(seen, response, request);
};

async function upstream(): Promise<string> {
  const other = await startMockUpstream(held);
  others.push(other);
  return other.url;
}

async function start(config: string, env: Record<string, string> = {}): Promise<void> {
  gateway = await startTestGateway(held, env, config);
}

/** Asks for each model, in this order; resolves when all are in line or in a slot. */
async function ask(...models: string[]): Promise<void> {
  for (const model of models) {
    const before = await inside();
    void gateway?.post("/v1/chat/completions", chat({ model })).catch(() => {});
    await until(async () => (await inside()) === before + 1, `${model} is in`);
  }
}

async function inside(): Promise<number> {
  const { active = 0, waiting = 0 } = (await gateway?.health())?.line ?? {};
  return active + waiting;
}

/** What runs, once nobody else may start. */
async function runs(): Promise<string> {
  await until(async () => (await gateway?.health())?.line.active === running.length, "all began");
  return running.map(({ model }) => model).join(" ");
}

async function end(model: string): Promise<void> {
  const before = await inside();
  const index = running.findIndex((one) => one.model === model);
  for (const one of running.splice(index, 1)) one.end();
  await until(async () => (await inside()) === before - 1, `${model} has ended`);
}

describe("capacities and boxes of config.yaml", () => {
  it("upstreams of one box share its time, each generation by its upstream's slots", async () => {
    await start(
      `upstreams:
  two: { url: "${await upstream()}", type: openai, max_concurrent: 2, box: gpu }
  four: { url: "${await upstream()}", type: openai, max_concurrent: 4, box: gpu }
routes: [{ model: half, upstream: two }, { model: quarter, upstream: four }]
`,
      { UPSTREAM_URL: "" },
    );
    await ask("half", "quarter", "quarter", "quarter");
    expect(await runs()).toBe("half quarter quarter");
    await end("half");
    expect(await runs()).toBe("quarter quarter quarter");
  });

  it("models of one upstream share it where it is in a box", async () => {
    await start(
      `upstreams:
  gpu: { url: "${await upstream()}", type: openai, max_concurrent: 4, box: gpu }
routes: [{ model: "*", upstream: gpu }]
models: { dear: { max_concurrent: 1 }, cheap: { max_concurrent: 2 } }
`,
      { UPSTREAM_URL: "" },
    );
    await ask("dear", "cheap", "cheap", "cheap", "other");
    expect(await runs()).toBe("dear");
    await end("dear");
    expect(await runs()).toBe("cheap cheap");
    await end("cheap");
    expect(await runs()).toBe("cheap cheap");
    await end("cheap");
    expect(await runs()).toBe("cheap other");
  });

  it("a model has no more slots than its own capacity, and holds up no other", async () => {
    await start("models: { big: { max_concurrent: 1 } }\n", { MAX_CONCURRENT: "3" });
    await ask("big", "big", "small");
    expect(await runs()).toBe("big small");
    await end("big");
    expect(await runs()).toBe("small big");
  });
});
