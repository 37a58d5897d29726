import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chat, until } from "./support/harness.ts";
import {
  chatChunk,
  type MockUpstream,
  politeChat,
  startMockUpstream,
} from "./support/mock-upstream.ts";
import { rawHttp, statusOf } from "./support/raw-http.ts";
import { newDirectory, remove, type Spawned, spawnGateway } from "./support/spawned-gateway.ts";

let dir: string;
let upstream: MockUpstream;
beforeEach(async () => {
  dir = newDirectory();
  upstream = await startMockUpstream(politeChat);
});
afterEach(async () => {
  await upstream.close();
  remove(dir);
});

type Line = Record<string, unknown>;

const linesOf = (gateway: Spawned): Line[] =>
  gateway
    .stdout()
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);

describe("the log of a gateway that runs", () => {
  let gateway: Spawned;
  beforeEach(async () => {
    gateway = await spawnGateway(dir, { UPSTREAM_URL: upstream.url, UPSTREAM_TYPE: "openai" });
  });
  afterEach(async () => {
    gateway.child.kill("SIGKILL");
    await gateway.ended;
  });

  const post = (id: string, fields: object, signal?: AbortSignal): Promise<Response> =>
    fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.key()}`, "x-request-id": id },
      body: JSON.stringify(chat({ ...fields, model: "tiny" })),
      signal: signal ?? null,
    });

  async function lineOf(id: string): Promise<Line> {
    const found = (): Line[] => linesOf(gateway).filter(({ request_id }) => request_id === id);
    await until(() => found().length > 0, `a line of ${id}`);
    expect(found()).toHaveLength(1);
    return found()[0] ?? {};
  }

  it("has one line for an exchange, with all that the ledger has of it", async () => {
    await (await post("whole", { stream: true })).text();
    expect(await lineOf("whole")).toMatchObject({
      level: "info",
      msg: "exchange",
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      user: "admin",
      method: "POST",
      path: "/v1/chat/completions",
      model: "tiny",
      status: 200,
      state: "done",
      queue_ms: expect.any(Number),
      first_token_ms: expect.any(Number),
      duration_ms: expect.any(Number),
      input_tokens: 3,
      output_tokens: 2,
    });
  });

  it("has 499 for a client that left, in line or in mid-stream", async () => {
    upstream.answer((_seen, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(chatChunk("word"));
    });
    const [streaming, waiting] = [new AbortController(), new AbortController()];
    const reader = (await post("streams", { stream: true }, streaming.signal)).body!.getReader();
    await reader.read();
    const asked = post("waits", {}, waiting.signal).catch(() => {});
    await until(async () => {
      const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
      return metrics.includes("llm_gateway_queue_waiting 1");
    }, "one waits");
    waiting.abort();
    expect(await lineOf("waits")).toMatchObject({ status: 499, state: "cancelled" });
    streaming.abort();
    await reader.cancel().catch(() => {});
    expect(await lineOf("streams")).toMatchObject({ status: 499, output_tokens: 1 });
    await asked;
  });

  it("has a line for a refused request, and none for polls of health and metrics", async () => {
    for (const path of ["/health", "/healthz", "/metrics"]) {
      for (let i = 0; i < 3; i++) expect((await fetch(gateway.url + path)).status).toBe(200);
    }
    const headers = { "x-request-id": "refused" };
    await (await fetch(`${gateway.url}/v1/models`, { headers })).text();
    expect(await lineOf("refused")).toMatchObject({ status: 401, user: null, path: "/v1/models" });
    expect(gateway.stdout()).not.toMatch(/health|metrics/);
  });

  it("names the user of a refused request of any kind", async () => {
    const authorization = `Bearer ${gateway.key()}`;
    const refused = (id: string): Record<string, string> => ({ authorization, "x-request-id": id });
    const head = Object.entries(refused("socket")).map(([name, value]) => `${name}: ${value}`);
    const upgrade = ["GET /nope HTTP/1.1", "host: x", "connection: Upgrade", "upgrade: websocket"];
    const port = Number(new URL(gateway.url).port);
    const answer = await rawHttp(port, [[...upgrade, ...head, "", ""].join("\r\n")]);
    expect(statusOf(answer)).toBe(404);
    const chatUrl = `${gateway.url}/v1/chat/completions`;
    const wrong = { method: "POST", headers: refused("generation"), body: "{" };
    await (await fetch(chatUrl, wrong)).text();
    await (await fetch(`${gateway.url}/v1/models/none`, { headers: refused("read") })).text();
    const ofAll = `${gateway.url}/queue/none`;
    await (await fetch(ofAll, { method: "DELETE", headers: refused("call") })).text();
    await (await fetch(`${gateway.url}/nope`, { headers: refused("nowhere") })).text();
    for (const id of ["socket", "generation", "read", "call", "nowhere"]) {
      expect(await lineOf(id), id).toMatchObject({ msg: "refused", user: "admin" });
    }
  });
});

// Only a terminal is one: `script` (util-linux) gives the gateway one of its own.
const script = "/usr/bin/script";

it.runIf(process.platform === "linux" && existsSync(script))(
  "on a terminal the log is for a person, and the first key is shown there",
  async () => {
    const program = join(import.meta.dirname, "../main.ts");
    const child = spawn(script, ["-qec", `${process.execPath} ${program}`, "/dev/null"], {
      cwd: dir,
      env: { PATH: process.env.PATH ?? "", HOST: "127.0.0.1", PORT: "0" },
      stdio: ["pipe", "pipe", "inherit"],
    });
    let shown = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      shown += text;
    });
    const ended = new Promise((resolve) => child.once("close", resolve));
    await until(() => shown.includes("NO UPSTREAM"), "it has started", 20_000);
    child.stdin.write("\u0003");
    await ended;
    expect(shown).toMatch(/^\[\d\d:\d\d:\d\d\] .*WARN.*NO UPSTREAM/m);
    expect(shown).toContain("stopped");
    expect(shown).not.toContain('"level"');
    expect(shown).toMatch(/sk-[0-9a-f]{32}/);
    const shownKey = /sk-[0-9a-f]{32}/.exec(shown)?.[0];
    expect(readFileSync(join(dir, "data/first-key"), "utf8")).toBe(`${shownKey}\n`);
  },
);

/** What a gateway logs of its start, one refused request and its stop. */
async function logInForm(form: string): Promise<string> {
  const started = await spawnGateway(dir, { LOG_FORMAT: form });
  await (await fetch(`${started.url}/v1/models`, { headers: { "x-request-id": "a=b" } })).text();
  await (await fetch(`${started.url}/v1/models`)).text();
  started.child.kill();
  await started.ended;
  return started.stdout();
}

it.each(["pretty", "text"])("LOG_FORMAT=%s is a log for people on a pipe too", async (form) => {
  const log = await logInForm(form);
  expect(log).toMatch(/^\[\d\d:\d\d:\d\d\] .*started/m);
  expect(log).not.toContain('"level"');
});

it("LOG_FORMAT=logfmt has one line for each exchange too, as key=value", async () => {
  const log = await logInForm("logfmt");
  expect(log).toMatch(/^time=\S+Z level=info msg=started port=\d+ /m);
  expect(log.match(/^time=\S+Z level=info msg=refused id=\S+ .*path=\/v1\/models/gm)).toHaveLength(
    2,
  );
  expect(log).not.toMatch(/[{}]/);
});

it("a LOG_FORMAT that does not exist stops the start, in one line", async () => {
  const wrong = await spawnGateway(dir, { LOG_FORMAT: "xml" }, { ready: false });
  expect(await wrong.ended).toBe(1);
  expect(wrong.stderr()).toMatch(
    /^llm-gateway: LOG_FORMAT=xml \(environment\): must be one of .*pretty, logfmt.*\n$/,
  );
});
