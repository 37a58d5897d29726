import { afterEach, expect, it } from "vitest";
import { usage } from "../cli/usage.ts";
import { chat, startTestGateway, type TestGateway } from "./support/harness.ts";
import { politeChat } from "./support/mock-upstream.ts";
import { runCommand } from "./support/run-command.ts";

const running: TestGateway[] = [];
afterEach(async () => {
  for (const gateway of running.splice(0)) await gateway.stop();
});

/** One chat through OpenRouter's path, then what each place tells of its cost. */
async function costs(env: Record<string, string>) {
  const gateway = await startTestGateway(politeChat, env);
  running.push(gateway);
  const headers = { authorization: `Bearer ${gateway.keys.alice}` };
  const get = async (path: string) => {
    const response = await fetch(gateway.url + path, { headers });
    return (await response.json()) as { data: never };
  };
  const answer = await gateway.post("/api/v1/chat/completions", chat());
  const { id, usage: used } = (await answer.json()) as { id: string; usage: { cost: number } };
  const generation: { total_cost: number } = (await get(`/api/v1/generation?id=${id}`)).data;
  const key: { usage: number } = (await get("/api/v1/key")).data;
  const credits: { total_usage: number } = (await get("/api/v1/credits")).data;
  const models: { pricing: { prompt: string } }[] = (await get("/api/v1/models")).data;
  const database = ["--json", "--database-file", `${gateway.dir}/gateway.db`];
  const report = JSON.parse((await runCommand(usage, database)).out);
  return {
    openRouter: [used.cost, generation.total_cost, key.usage, credits.total_usage],
    report: [report.total.cost, report.lines[0].cost],
    shown: models[0]?.pricing.prompt,
  };
}

it("without a price a cost is unknown, and 0 for OpenRouter's clients", async () => {
  expect(await costs({})).toEqual({
    openRouter: [0, 0, 0, 0],
    report: [null, null],
    // The model's price in the Python original.
    shown: "0.000008",
  });
});

it("with a price, all places tell the same cost", async () => {
  const { openRouter, report, shown } = await costs({ PRICE_PER_COMPLETION_TOKEN: "0.5" });
  const [cost] = openRouter;
  expect(cost).toBeGreaterThan(0);
  expect(new Set([...openRouter, ...report])).toEqual(new Set([cost]));
  expect(shown).toBe("0");
});
