import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chat, readRows, until } from "./support/harness.ts";
import { type Holding, holding } from "./support/holding.ts";
import {
  chatChunk,
  chatFinish,
  chatUsage,
  done,
  type MockUpstream,
  startMockUpstream,
} from "./support/mock-upstream.ts";
import { newDirectory, remove, type Spawned, spawnGateway } from "./support/spawned-gateway.ts";

let dir: string;
let running: Spawned[] = [];
let upstream: MockUpstream;
let held: Holding;
beforeEach(async () => {
  dir = newDirectory();
  held = holding();
  upstream = await startMockUpstream(held.handler);
});
afterEach(async () => {
  for (const one of running) one.child.kill("SIGKILL");
  await Promise.all(running.map(({ ended }) => ended));
  running = [];
  await upstream.close();
  remove(dir);
});

async function start(env: Record<string, string> = {}, ready = true): Promise<Spawned> {
  const usual = { WORKERS: "2", UPSTREAM_URL: upstream.url, UPSTREAM_TYPE: "openai" };
  const one = await spawnGateway(dir, { ...usual, DATABASE_FILE: "gateway.db", ...env }, { ready });
  running.push(one);
  return one;
}

const rows = () => readRows(join(dir, "gateway.db"));

/** The processes that a gateway has started. */
function workersOf({ child }: Spawned): number[] {
  try {
    const pids = execFileSync("ps", ["-o", "pid=", "--ppid", String(child.pid)], {
      encoding: "utf8",
    });
    return pids.split("\n").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

type Asked = { status: number; text: string };

/** Asks on a connection of its own: the next worker in turn has it. Rejects if it breaks. */
function ask(
  gateway: Spawned,
  path: string,
  {
    method = "GET",
    body,
    key = gateway.key(),
  }: { method?: string; body?: object; key?: string } = {},
): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const asked = request(`${gateway.url}${path}`, { method, headers, agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
      });
      answer.once("error", reject);
      answer.once("end", () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    asked.once("error", reject);
    asked.end(body === undefined ? "" : JSON.stringify(body));
  });
}

const askChat = (gateway: Spawned, fields = {}): Promise<Asked> =>
  ask(gateway, "/v1/chat/completions", { method: "POST", body: chat(fields) });

type Queue = { active: number; waiting: number; data: { id: string; state: string }[] };

const queueOf = async (gateway: Spawned): Promise<Queue> =>
  JSON.parse((await ask(gateway, "/queue")).text) as Queue;

const inQueue = (gateway: Spawned, active: number, waiting: number): Promise<void> =>
  until(async () => {
    const queue = await queueOf(gateway);
    return queue.active === active && queue.waiting === waiting;
  }, `${active} run and ${waiting} wait`);

describe("a gateway of several processes", () => {
  it("has one queue, one page of metrics and one way to cancel, whoever answers", async () => {
    const gateway = await start({ MAX_CONCURRENT: "1" });
    expect(workersOf(gateway)).toHaveLength(2);
    const asked = [1, 2, 3, 4].map(() => askChat(gateway));
    await inQueue(gateway, 1, 3);
    expect(upstream.peak()).toBe(1);
    const [first, second] = await Promise.all([queueOf(gateway), queueOf(gateway)]);
    expect(first.data.map(({ id }) => id)).toEqual(second.data.map(({ id }) => id));
    const waits = first.data.find(({ state }) => state === "waiting");
    const runs = first.data.find(({ state }) => state === "running");
    for (const one of [waits, runs]) {
      const removed = await ask(gateway, `/queue/${one?.id}`, { method: "DELETE" });
      expect(removed.status).toBe(200);
    }
    // The worker that serves it is told a moment later.
    const isCancelled = ({ state }: { state: string }): boolean => state === "cancelled";
    await until(() => rows().filter(isCancelled).length === 2, "both are cancelled");
    held.releaseAll();
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([200, 200, 499, 499]);
    expect(upstream.peak()).toBe(1);
    await until(() => rows().filter(({ state }) => state === "done").length === 2, "two are done");
    expect(
      rows()
        .map(({ state }) => state)
        .toSorted(),
    ).toEqual([...["cancelled", "cancelled", "done", "done"]]);
    for (let time = 0; time < 2; time += 1) {
      const { text } = await ask(gateway, "/metrics");
      expect(text).toContain('llm_gateway_requests_total{user="admin"} 4');
      expect(text).toContain('llm_gateway_cancellations_total{where="waiting"} 1');
    }
  });

  it("counts wrong keys and connections of all processes together", async () => {
    const gateway = await start({ MAX_CONNECTIONS_PER_ADDRESS: "6" });
    const statuses: number[] = [];
    for (let guess = 0; guess < 24; guess += 1) {
      const { status } = await ask(gateway, "/v1/chat/completions", {
        ...{ method: "POST", body: chat(), key: `sk-${String(guess).padStart(32, "0")}` },
      });
      statuses.push(status);
    }
    expect(statuses.filter((status) => status === 401)).toHaveLength(20);
    expect(statuses.filter((status) => status === 429)).toHaveLength(4);
    const asked = await Promise.allSettled(
      Array.from({ length: 12 }, () => askChat(gateway)).concat(
        new Promise((resolve) => setTimeout(resolve, 500)).then(() => {
          held.releaseAll();
          return { status: 0, text: "" };
        }),
      ),
    );
    const served = asked.filter((one) => one.status === "fulfilled" && one.value.status === 200);
    expect(served.length).toBeLessThanOrEqual(6);
    expect(served.length).toBeGreaterThan(2);
  });

  it("sees an edit of users.json in every process at once", async () => {
    held.releaseAll();
    writeFileSync(join(dir, "users.json"), '{"sk-one-key-0123456789abcdef":"alice"}');
    const gateway = await start({ USERS_FILE: "users.json" });
    const body = { method: "POST", body: chat() };
    const asAlice = { ...body, key: "sk-one-key-0123456789abcdef" };
    const asBob = { ...body, key: "sk-two-key-0123456789abcdef" };
    const both = async (as: typeof asAlice): Promise<number[]> => [
      (await ask(gateway, "/v1/chat/completions", as)).status,
      (await ask(gateway, "/v1/chat/completions", as)).status,
    ];
    expect(await both(asAlice)).toEqual([200, 200]);
    writeFileSync(join(dir, "users.json"), '{"sk-two-key-0123456789abcdef":"bob"}');
    expect(await both(asAlice)).toEqual([401, 401]);
    expect(await both(asBob)).toEqual([200, 200]);
  });
});

describe("a worker that dies", () => {
  it("gives back its slots at once, its rows are interrupted, and another takes its place", async () => {
    const gateway = await start({ MAX_CONCURRENT: "1" });
    const before = workersOf(gateway);
    let isBroken = false;
    const broken = askChat(gateway).catch(() => {
      isBroken = true;
    });
    await inQueue(gateway, 1, 0);
    for (const pid of before) {
      if (isBroken) break;
      process.kill(pid, "SIGKILL");
      await Promise.race([broken, new Promise((resolve) => setTimeout(resolve, 300))]);
    }
    const since = performance.now();
    await until(() => workersOf(gateway).some((pid) => !before.includes(pid)), "one is new");
    held.releaseAll();
    await until(
      () =>
        askChat(gateway).then(
          ({ status }) => status === 200,
          () => false,
        ),
      "served",
    );
    expect(isBroken).toBe(true);
    await inQueue(gateway, 0, 0);
    expect(rows().filter(({ state }) => state === "interrupted")).toMatchObject([
      { status: null, duration_ms: null },
    ]);
    expect(rows().filter(({ state }) => state === "done")).toHaveLength(1);
    expect(gateway.stdout()).toContain('"msg":"a worker died; another takes its place"');
    await until(() => workersOf(gateway).length === 2, "both are there again");
    expect(performance.now() - since).toBeLessThan(30_000);
  });
});

describe("the end of the first process", () => {
  it("by kill -9 ends all, and a restart finds the accounts right", async () => {
    const gateway = await start({ MAX_CONCURRENT: "2", TMPDIR: dir });
    const ways = () => readdirSync(dir).filter((name) => name.startsWith("llm-gateway-"));
    expect(ways()).toHaveLength(1);
    const finished = askChat(gateway);
    await held.release(0);
    expect((await finished).status).toBe(200);
    const broken = askChat(gateway).catch(() => "broken");
    await inQueue(gateway, 1, 0);
    const workers = workersOf(gateway);
    gateway.child.kill("SIGKILL");
    expect(await gateway.ended).toBe("SIGKILL");
    expect(await broken).toBe("broken");
    const isGone = (pid: number): boolean => {
      try {
        process.kill(pid, 0);
        return false;
      } catch {
        return true;
      }
    };
    await until(() => workers.every(isGone), "its workers have ended too");
    expect(ways()).toEqual([]);
    const { port } = new URL(gateway.url);
    await start({ PORT: port });
    expect(rows().map(({ state }) => state)).toEqual(["done", "interrupted"]);
  });

  it("by SIGTERM lets what runs finish, refuses what waits, and exits with 0", async () => {
    const gateway = await start({ MAX_CONCURRENT: "1", DRAIN_TIMEOUT: "10s" });
    let finish = (): void => {};
    upstream.answer(async (_seen, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(chatChunk("begun"));
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      response.end(chatFinish + chatUsage(3, 1) + done);
    });
    const runs = askChat(gateway, { stream: true });
    await inQueue(gateway, 1, 0);
    const waits = askChat(gateway);
    await inQueue(gateway, 1, 1);
    gateway.child.kill("SIGTERM");
    expect((await waits).status).toBe(503);
    expect((await askChat(gateway)).status).toBe(503);
    finish();
    expect((await runs).text).toContain("[DONE]");
    expect(await gateway.ended).toBe(0);
    expect(
      rows()
        .map(({ state }) => state)
        .toSorted(),
    ).toEqual(["done", "failed"]);
  });
});

describe("a start that fails", () => {
  it.each([
    [{ WORKERS: "0" }, /WORKERS=0 .*must be/],
    [{ WORKERS: "many" }, /WORKERS=many .*must be/],
  ])("for %o ends with one line", async (env, line) => {
    const gateway = await start(env, false);
    expect(await gateway.ended).toBe(1);
    expect(gateway.stderr()).toMatch(line);
  });

  it("for a port that is taken ends with one line, and leaves no process", async () => {
    const first = await start();
    const { port } = new URL(first.url);
    const second = await start({ PORT: port, DATABASE_FILE: "other.db" }, false);
    expect(await second.ended).toBe(1);
    const said = second
      .stderr()
      .split("\n")
      .filter((text) => text.startsWith("llm-gateway:"));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(new RegExp(`port ${port}: another program listens there`));
    expect(workersOf(second)).toEqual([]);
  });
});
