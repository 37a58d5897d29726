import { execFileSync } from "node:child_process";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chat, readRows, until } from "./support/harness.ts";
import { holding } from "./support/holding.ts";
import {
  chatChunk,
  type MockUpstream,
  politeChat,
  startMockUpstream,
} from "./support/mock-upstream.ts";
import { newDirectory, remove, type Spawned, spawnGateway } from "./support/spawned-gateway.ts";

let dir: string;
let running: Spawned[] = [];
let upstream: MockUpstream | null = null;
beforeEach(() => {
  dir = newDirectory();
});
afterEach(async () => {
  for (const one of running) one.child.kill("SIGKILL");
  await Promise.all(running.map(({ ended }) => ended));
  running = [];
  await upstream?.close();
  upstream = null;
  remove(dir);
});

async function start(env: Record<string, string> = {}, ready = true): Promise<Spawned> {
  const one = await spawnGateway(dir, env, { ready });
  running.push(one);
  return one;
}

const post = (gateway: Spawned, body: unknown): Promise<Response> =>
  fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${gateway.key()}` },
    body: JSON.stringify(body),
  });

describe("the first start", () => {
  it("with nothing configured echoes, keeps its key out of the output, and says what to do", async () => {
    const gateway = await start();
    const key = gateway.key();
    expect(key).toMatch(/^sk-[0-9a-f]{32}$/);
    expect(statSync(join(dir, "data/first-key")).mode & 0o777).toBe(0o600);
    expect(gateway.stdout() + gateway.stderr()).not.toContain(key);
    await until(() => gateway.stdout().includes("NO UPSTREAM"), "it says loudly that it echoes");
    expect(gateway.stderr()).toContain("data/first-key");
    expect(await (await post(gateway, chat())).json()).toMatchObject({
      choices: [{ message: { content: "Echo: hello" } }],
    });
    expect(await (await fetch(`${gateway.url}/health`)).json()).toMatchObject({
      status: "ok",
      upstream: "echo",
    });
  });

  it("prints a curl line that works when it is pasted", async () => {
    const gateway = await start();
    const printed = gateway.stderr();
    const command = printed.slice(printed.indexOf("  curl"), printed.indexOf("\n\nAdd a person"));
    const answer = execFileSync("bash", ["-c", command], {
      cwd: dir,
      encoding: "utf8",
      // curl draws its progress there.
      stdio: ["ignore", "pipe", "ignore"],
    });
    expect(answer).toContain("[DONE]");
  });

  it("names a model in that line where one has to be named", async () => {
    const gateway = await start({
      UPSTREAMS: '{"gpu1":"http://127.0.0.1:9"}',
      ROUTES: '[{"model":"qwen*","upstream":"gpu1"},{"model":"fast","upstream":"gpu1"}]',
    });
    expect(gateway.stderr()).toContain(`-d '{"model":"fast","stream":true`);
  });

  it("with API_KEY makes no users file and lets that key in", async () => {
    const gateway = await start({ API_KEY: "Bearer my-own-key-0123456789" });
    expect(existsSync(join(dir, "data/users.json"))).toBe(false);
    const response = await fetch(`${gateway.url}/v1/models`, {
      headers: { "x-api-key": "my-own-key-0123456789" },
    });
    expect(response.status).toBe(200);
  });
});

describe("a start that fails", () => {
  async function endsWithOneLine(env: Record<string, string>, line: RegExp): Promise<void> {
    const gateway = await start(env, false);
    expect(await gateway.ended).toBe(1);
    const said = gateway.stderr().split("\n");
    const complaints = said.filter((text) => text.startsWith("llm-gateway:"));
    expect(complaints).toHaveLength(1);
    expect(complaints[0]).toMatch(line);
    expect(gateway.stderr()).not.toContain("    at ");
  }

  it("for a wrong setting ends with one line", async () => {
    await endsWithOneLine({ PORT: "99999" }, /PORT=99999 \(environment\).*for example/);
  });

  it("for a file that is no database ends with one line", async () => {
    writeFileSync(join(dir, "no.db"), "this is a letter, not a database".repeat(100));
    await endsWithOneLine({ DATABASE_FILE: "no.db" }, /no\.db/);
  });

  it("for a certificate that is not there ends with one line that names its setting", async () => {
    const env = { UPSTREAM_URL: "https://127.0.0.1:9", UPSTREAM_CA: "no.pem" };
    await endsWithOneLine(env, /UPSTREAM_CA no\.pem: cannot be read/);
  });

  it("for a port that is taken ends with one line", async () => {
    const first = await start();
    const port = new URL(first.url).port;
    const second = await start({ PORT: port, DATABASE_FILE: "other.db" }, false);
    expect(await second.ended).toBe(1);
    expect(second.stderr()).toMatch(new RegExp(`port ${port}: another program listens there`));
  });

  it("for an empty users file ends with one line, and makes no new one", async () => {
    writeFileSync(join(dir, "users.json"), "");
    const gateway = await start({ USERS_FILE: "users.json" }, false);
    expect(await gateway.ended).toBe(1);
    expect(gateway.stderr()).toMatch(/^llm-gateway: users file .*users\.json/m);
    expect(statSync(join(dir, "users.json")).size).toBe(0);
  });
});

describe("ports", () => {
  it("for metrics is the only one with /metrics, and the public one hides health", async () => {
    const gateway = await start({ METRICS_PORT: "0", PUBLIC_PORT: "0" });
    expect((await fetch(`${gateway.url}/metrics`)).status).not.toBe(200);
    const behindTunnel = await fetch(`${gateway.url}/health`, { headers: { "cf-ray": "1-TXL" } });
    expect(behindTunnel.status).toBe(404);
  });
});

describe("SIGTERM", () => {
  it("lets what runs finish, tells the waiting, refuses the new, and exits 0", async () => {
    const held = holding();
    upstream = await startMockUpstream(held.handler);
    const gateway = await start({ UPSTREAM_URL: upstream.url });
    const runs = post(gateway, chat({ stream: true }));
    await until(() => upstream?.seen.length === 1, "one runs");
    const waits = post(gateway, chat());
    const streams = post(gateway, chat({ stream: true }));
    const health = async () =>
      (await (await fetch(`${gateway.url}/health`)).json()) as { line: { waiting: number } };
    await until(async () => (await health()).line.waiting === 2, "two wait");
    gateway.child.kill("SIGTERM");
    const sentAway = await waits;
    expect(sentAway.status).toBe(503);
    expect(sentAway.headers.get("retry-after")).toBe("5");
    expect(await (await streams).text()).toMatch(
      /\ndata: \{"error":.*"code":"shutting_down".*\n\n$/,
    );
    const refused = await post(gateway, chat());
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("5");
    // Alive: whoever restarted it now would cut what still runs.
    expect(await health()).toMatchObject({ status: "draining", line: { waiting: 0, active: 1 } });
    await held.release();
    expect(await (await runs).text()).toContain("[DONE]");
    expect(await gateway.ended).toBe(0);
    expect(readRows(join(dir, "data/gateway.db"))).toMatchObject([
      { state: "done", output_tokens: 2 },
      { state: "failed", status: 503, error_code: "shutting_down" },
      { state: "failed", status: 503, error_code: "shutting_down" },
    ]);
    expect(gateway.stdout()).toMatch(/"msg":"stopped"\}\n$/);
  });

  it("cuts requests that run longer than DRAIN_TIMEOUT, with an error for the client", async () => {
    upstream = await startMockUpstream((_seen, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const timer = setInterval(() => response.write(chatChunk("word")), 20);
      response.once("close", () => clearInterval(timer));
    });
    const gateway = await start({ UPSTREAM_URL: upstream.url, DRAIN_TIMEOUT: "300ms" });
    const response = await post(gateway, chat({ stream: true }));
    gateway.child.kill("SIGTERM");
    expect(await response.text()).toContain('"code":"shutting_down"');
    expect(await gateway.ended).toBe(0);
  });
});

describe("Ctrl-C", () => {
  it("that npm sends twice does not cut running requests; a later second one does", async () => {
    upstream = await startMockUpstream((_seen, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const timer = setInterval(() => response.write(chatChunk("word")), 20);
      response.once("close", () => clearInterval(timer));
    });
    const gateway = await start({ UPSTREAM_URL: upstream.url });
    const response = await post(gateway, chat({ stream: true }));
    const text = response.text().catch(() => "cut");
    const status = async () => (await fetch(`${gateway.url}/health`)).text();
    gateway.child.kill("SIGINT");
    gateway.child.kill("SIGINT");
    await until(async () => (await status()).includes('"draining"'), "it drains");
    gateway.child.kill("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await status()).toContain('"draining"');
    gateway.child.kill("SIGINT");
    expect(await gateway.ended).toBe(1);
    expect(await text).toBe("cut");
  });
});

describe("kill -9 during traffic", () => {
  it("loses no request that a client saw end; the next start closes the rest", async () => {
    upstream = await startMockUpstream(async (seen, response, request) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
      await politeChat(seen, response, request);
    });
    const gateway = await start({ UPSTREAM_URL: upstream.url, MAX_CONCURRENT: "4" });
    const seen = new Set<string>();
    let stopped = false;
    const clients = Array.from({ length: 8 }, async (_, i) => {
      while (!stopped) {
        const id = crypto.randomUUID();
        const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
          method: "POST",
          headers: { authorization: `Bearer ${gateway.key()}`, "x-request-id": id },
          body: JSON.stringify(chat({ stream: i % 2 === 0 })),
        }).then((response) => response.text());
        if (answer.includes("[DONE]") || answer.includes('"usage"')) seen.add(id);
      }
    });
    await until(() => seen.size > 20, "some requests have ended");
    gateway.child.kill("SIGKILL");
    await Promise.allSettled(clients);
    stopped = true;
    expect(seen.size).toBeGreaterThan(5);
    const again = await start({ UPSTREAM_URL: upstream.url });
    const rows = readRows(join(dir, "data/gateway.db"));
    const done = new Set(rows.filter(({ state }) => state === "done").map((row) => row.request_id));
    expect([...seen].filter((id) => !done.has(id))).toEqual([]);
    expect(rows.some(({ state }) => state === "interrupted")).toBe(true);
    expect(rows.some(({ state }) => state === "open")).toBe(false);
    const metrics = await (await fetch(`${again.url}/metrics`)).text();
    const counted = (series: string): number =>
      Number(metrics.split(`llm_gateway_${series}} `)[1]?.split("\n", 1)[0]);
    const sum = (column: "input_tokens" | "output_tokens"): number =>
      rows.reduce((total, row) => total + (row[column] ?? 0), 0);
    expect(counted('requests_total{user="admin"')).toBe(rows.length);
    const tokens = (type: string): number =>
      counted(`tokens_total{user="admin",token_type="${type}"`);
    expect([tokens("input"), tokens("output")]).toEqual([
      sum("input_tokens"),
      sum("output_tokens"),
    ]);
    expect(tokens("total")).toBe(tokens("input") + tokens("output"));
    expect(sum("output_tokens")).toBeGreaterThanOrEqual(2 * seen.size);
  });
});
