import { Agent, request } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { readTotals } from "../ledger/totals.ts";
import { verify } from "../ledger/verify.ts";
import { asThePromptSays, type UpstreamEnding, upstreamEndings } from "./support/every-ending.ts";
import { startTestGateway, type TestGateway, until } from "./support/harness.ts";

/** The same seed asks the same; what meets what is up to the machine. */
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9));

/** Mulberry32. */
function createRandom(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * What the client does: some stay to the end, some leave, some are sent away by an administrator.
 */
type Conduct = "stays" | "leaves soon" | "leaves at first byte" | "resets" | "is removed";

type Plan = {
  id: string;
  user: string;
  stream: boolean;
  ending: UpstreamEnding;
  conduct: Conduct;
  body: "good" | "broken" | "wrong";
  /** How long the upstream takes, and how long a client stays that leaves soon. Milliseconds. */
  ms: number;
  patience: number;
};

function planOf(id: string, random: () => number): Plan {
  const of = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const ending = random() < 0.5 ? "answers" : of(upstreamEndings);
  const endless = ending === "hangs" || ending === "hangs midway";
  const leaves = ["leaves soon", "leaves at first byte", "resets", "is removed"] as const;
  // Whoever is never answered must go some day; at a first byte only where one comes.
  const goes = ending === "hangs" ? (["leaves soon", "is removed"] as const) : leaves;
  return {
    id,
    user: of(["alice", "bob", "carol"]),
    stream: random() < 0.6,
    ending,
    conduct: endless || random() < 0.3 ? of(goes) : "stays",
    body: random() < 0.95 ? "good" : of(["broken", "wrong"]),
    ms: Math.floor(random() ** 3 * 12),
    patience: Math.floor(random() ** 2 * (endless ? 150 : 40)),
  };
}

const bodyOf = ({ id, stream, ending, body, ms }: Plan): string => {
  if (body === "broken") return '{"messages": [';
  if (body === "wrong") return JSON.stringify({ messages: "none", stream });
  const messages = [{ role: "user", content: `${ending}, ${ms}` }];
  return JSON.stringify({ model: id, messages, stream });
};

/** Null for a client that did not see the end. */
type Answer = { status: number; text: string } | null;

function exchange(gateway: TestGateway, agent: Agent, plan: Plan): Promise<Answer> {
  const { conduct, stream } = plan;
  return new Promise((resolve) => {
    const asking = request(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      agent,
      headers: {
        authorization: `Bearer ${gateway.keys[plan.user]}`,
        "content-type": "application/json",
        "x-request-id": plan.id,
      },
    });
    // A first byte may never come: not every one who would leave at it can.
    const giveUp = conduct === "stays" ? undefined : setTimeout(() => asking.destroy(), 2_000);
    const end = (answer: Answer): void => {
      clearTimeout(giveUp);
      resolve(answer);
    };
    asking.on("error", () => end(null));
    asking.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
        const first = stream ? text.includes("Hello") : true;
        if (first && conduct === "leaves at first byte") asking.destroy();
        if (first && conduct === "resets") asking.socket?.resetAndDestroy();
      });
      response.on("end", () => end({ status: response.statusCode ?? 0, text }));
      response.on("error", () => end(null));
      response.on("close", () => end(null));
    });
    // What is with the system arrives, whatever becomes of the client.
    asking.end(bodyOf(plan), async () => {
      if (conduct === "is removed") await remove(gateway, plan, () => asking.closed);
      if (conduct === "leaves soon") setTimeout(() => asking.destroy(), plan.patience);
    });
  });
}

/** Looks for its own request in the line by its model, and takes it out, until it is gone. */
async function remove(gateway: TestGateway, plan: Plan, isOver: () => boolean): Promise<void> {
  const headers = { authorization: `Bearer ${gateway.keys[plan.user]}` };
  await sleep(plan.patience);
  while (!isOver()) {
    const listed = await fetch(`${gateway.url}/queue`, { headers });
    const { data } = (await listed.json()) as { data: { id: string; model: string }[] };
    const id = data.find(({ model }) => model === plan.id)?.id;
    if (id === undefined) return;
    const removed = await fetch(`${gateway.url}/queue/${id}`, { method: "DELETE", headers });
    await removed.text();
    if (removed.status === 200) return;
  }
}

async function counted(gateway: TestGateway, name: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  const lines = text.matchAll(new RegExp(`^llm_gateway_${name}\\{\\w+="([^"]*)"\\} (\\d+)`, "gm"));
  return Object.fromEntries([...lines].map(([, label, count]) => [label, Number(count)]));
}

const sum = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

async function run(gateway: TestGateway, plans: Plan[]): Promise<Map<string, Answer>> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const answers = new Map<string, Answer>();
  const rest = plans.values();
  const client = async (): Promise<void> => {
    for (const plan of rest) answers.set(plan.id, await exchange(gateway, agent, plan));
  };
  await Promise.all(Array.from({ length: 64 }, client));
  agent.destroy();
  return answers;
}

/** What clients saw that stayed, against what stands in the ledger. */
function contradictions(
  plans: Plan[],
  answers: Map<string, Answer>,
  gateway: TestGateway,
): string[] {
  const rows = new Map(gateway.rows().map((row) => [row.request_id, row]));
  return plans.flatMap((plan) => {
    const answer = answers.get(plan.id) ?? null;
    const row = rows.get(plan.id);
    if (answer === null) return [];
    const refused = plan.body !== "good" || answer.text.includes('"queue_full"');
    const status = row?.status ?? 0;
    const isWrong = refused
      ? row !== undefined
      : row === undefined || (answer.status !== 200 && answer.status !== status);
    return isWrong
      ? [`${JSON.stringify(plan)}: ${answer.status}, row ${row?.state} ${status}`]
      : [];
  });
}

describe.each([
  ["openai", 10_000],
  ["llamacpp", 2_000],
])("any mixture of endings, in front of %s", (type, count) => {
  it(`leaves no slot held, nobody in line, and one closed row each: ${count}, seed ${seed}`, async () => {
    const gateway = await startTestGateway(asThePromptSays, {
      UPSTREAM_TYPE: type,
      MAX_CONCURRENT: "8",
      MAX_QUEUE: "40",
    });
    const random = createRandom(seed);
    const plans = Array.from({ length: count }, (_, i) => planOf(`r${i}`, random));
    const answers = await run(gateway, plans);
    const calm = async (): Promise<boolean> => {
      const { active, waiting } = (await gateway.health()).line;
      return active === 0 && waiting === 0;
    };
    await until(calm, "nobody runs and nobody waits");
    await until(() => gateway.rows().every(({ state }) => state !== "open"), "no row is open");
    await until(() => gateway.upstream.active() === 0, "the upstream has nothing to do");

    // Removals that came too late were refused too, and are none of the exchanges.
    const { not_found: _, ...refusals } = await counted(gateway, "refusals_total");
    const rows = gateway.rows();
    expect(rows.length + sum(refusals)).toBe(count);
    expect(new Set(rows.map(({ request_id }) => request_id)).size).toBe(rows.length);
    expect(contradictions(plans, answers, gateway)).toEqual([]);
    expect(sum(await counted(gateway, "requests_total"))).toBe(rows.length);

    const db = new Database(join(gateway.dir, "gateway.db"), { readonly: true });
    expect(verify(db)).toEqual([]);
    const totals = readTotals(db);
    db.close();
    for (const { user, requests, output, cancelled } of totals) {
      const theirs = rows.filter((row) => row.user === user);
      expect(requests).toBe(theirs.length);
      expect(output).toBe(theirs.reduce((all, row) => all + (row.output_tokens ?? 0), 0));
      expect(cancelled).toBe(theirs.filter(({ state }) => state === "cancelled").length);
    }

    // It was a mixture indeed.
    const least = count / 400;
    const codes = Object.groupBy(rows, (row) => row.error_code ?? row.state);
    const seen = { full: refusals.queue_full, bad: refusals.invalid_json };
    for (const code of [
      "done",
      "cancelled",
      "client_closed",
      "upstream_error",
      "upstream_rejected",
    ]) {
      Object.assign(seen, { [code]: codes[code]?.length });
    }
    expect(Object.entries(seen).filter(([, times]) => (times ?? 0) < least)).toEqual([]);
    // Where a client was when it left depends on the machine's speed: often enough, some are
    // everywhere.
    const left = await counted(gateway, "cancellations_total");
    if (count >= 10_000) expect(Math.min(...Object.values(left))).toBeGreaterThan(0);
    await gateway.stop();
  }, 120_000);
});
