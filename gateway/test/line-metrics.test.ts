import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { type Holding, holding, inLine } from "./support/holding.ts";
import { chatChunk } from "./support/mock-upstream.ts";
import { ownRoutes } from "./support/own-routes.ts";

let gateway: TestGateway;
let upstream: Holding;
beforeEach(() => {
  upstream = holding({
    // A request that says "begin" has its first word before it is held.
    before: ({ body }, response) => {
      if (!body.includes('"begin"')) return;
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(chatChunk("Hello"));
    },
  });
});
afterEach(async () => {
  upstream.releaseAll();
  await gateway.stop();
});

async function metrics(...names: string[]): Promise<Record<string, number>> {
  const { text } = await ownRoutes(gateway.url).get("/metrics").expect(200);
  const lines = text.matchAll(/^llm_gateway_(\S+) (\S+)$/gm);
  const all = Object.fromEntries([...lines].map(([, name, value]) => [name, Number(value)]));
  return Object.fromEntries(names.map((name) => [name, all[name] ?? Number.NaN]));
}

const ask = (user: string, headers = {}): Promise<Response> =>
  gateway.post("/v1/chat/completions", chat(), { user, headers });

it("metrics show waits by class, the first place, and the error of estimates", async () => {
  gateway = await startTestGateway(upstream.handler);
  const { alice = "", bob = "", carol = "", admin = "" } = gateway.keys;
  const users = { [alice]: "alice", [bob]: "bob", [carol]: { user: "carol", priority: 1 } };
  writeFileSync(gateway.usersFile, JSON.stringify({ ...users, [admin]: "admin" }));
  const asked = [ask("admin")];
  await inLine(gateway, { active: 1, waiting: 0 });
  await upstream.release(0);
  await asked[0];
  // From here on there is something to estimate by.
  asked.push(ask("alice"));
  await inLine(gateway, { active: 1, waiting: 0 });
  asked.push(ask("bob", { "x-priority": "background" }));
  await inLine(gateway, { active: 1, waiting: 1 });
  asked.push(ask("carol"));
  await inLine(gateway, { active: 1, waiting: 2 });
  for (let next = 1; next < 4; next++) {
    await upstream.release(next);
  }
  for (const answer of asked) expect((await answer).status).toBe(200);
  const told = {
    'class_wait_seconds_count{class="normal"}': 2,
    'class_wait_seconds_count{class="background"}': 1,
    'class_wait_seconds_count{class="raised"}': 1,
    'first_place_bucket{le="0"}': 2,
    // Who is raised stands before who waited already.
    'first_place_bucket{le="1"}': 4,
    queue_estimate_error_ratio_count: 2,
    'cancellations_total{where="waiting"}': 0,
    slot_release_seconds_count: 0,
  };
  expect(await metrics(...Object.keys(told))).toEqual(told);
});

it("metrics show where clients left, and how soon the slot was free", async () => {
  gateway = await startTestGateway(upstream.handler);
  const leave = async (fields: object, leaving: AbortController): Promise<Response> =>
    gateway.post("/v1/chat/completions", chat({ ...fields }), { signal: leaving.signal });
  const [silent, waiting, midway] = [1, 2, 3].map(() => new AbortController());
  leave({}, silent!).catch(() => {});
  await inLine(gateway, { active: 1, waiting: 0 });
  leave({}, waiting!).catch(() => {});
  await inLine(gateway, { active: 1, waiting: 1 });
  waiting?.abort();
  await inLine(gateway, { active: 1, waiting: 0 });
  silent?.abort();
  await inLine(gateway, { active: 0, waiting: 0 });
  const answer = await leave({ stream: true, user: "begin" }, midway!);
  await answer.body?.getReader().read();
  midway?.abort();
  await inLine(gateway, { active: 0, waiting: 0 });
  const told = {
    'cancellations_total{where="waiting"}': 1,
    'cancellations_total{where="before_first_byte"}': 1,
    'cancellations_total{where="mid_stream"}': 1,
    // Who waited had none.
    slot_release_seconds_count: 2,
    'slot_release_seconds_bucket{le="1"}': 2,
  };
  await until(
    async () => (await metrics("slot_release_seconds_count")).slot_release_seconds_count === 2,
    "told",
  );
  await until(() => gateway.rows().every(({ state }) => state === "cancelled"), "all are closed");
  expect(await metrics(...Object.keys(told))).toEqual(told);
});
