import { expect, it } from "vitest";
import { chat, startTestGateway, until } from "./support/harness.ts";
import { politeChat, startMockUpstream } from "./support/mock-upstream.ts";
import { ownRoutes } from "./support/own-routes.ts";

type Shown = {
  name?: string;
  models: { id: string; loaded: boolean | null }[];
  model_loads?: { count: number; last: { model: string; at: string }[] } | null;
};

it("GET /upstreams tells an administrator which models an upstream of one model loaded, and when", async () => {
  const swaps = await startMockUpstream(politeChat, ["small", "large"]);
  const config = `
upstreams:
  swaps: { url: "${swaps.url}", type: openai, max_concurrent: 2, exclusive_models: true }
routes:
  - { model: "*", upstream: swaps }
`;
  try {
    await using gateway = await startTestGateway(politeChat, { UPSTREAM_URL: "" }, config);
    const shown = async (user: string): Promise<Shown[]> => {
      const { body } = await ownRoutes(gateway.url, gateway.keys[user]!)
        .get("/upstreams")
        .expect(200);
      return body.data;
    };
    const ask = async (model: string) =>
      (await gateway.post("/v1/chat/completions", chat({ model }))).text();
    await ask("small");
    const before = Date.now();
    await ask("large");
    await ask("large");
    await ask("small");
    await until(async () => (await shown("admin"))[0]?.models.length === 2, "the list is known");
    const [swapped] = await shown("admin");
    expect(swapped?.model_loads?.count).toBe(2);
    expect(swapped?.model_loads?.last.map(({ model }) => model)).toEqual(["small", "large"]);
    const at = Date.parse(swapped?.model_loads?.last[1]?.at ?? "");
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(Date.now());
    // A person sees numbers only, and what is in memory is not guessed.
    const [mine] = await shown("alice");
    expect(mine).not.toHaveProperty("model_loads");
    expect(mine?.models.map(({ loaded }) => loaded)).toEqual([null, null]);
  } finally {
    await swaps.close();
  }
});
