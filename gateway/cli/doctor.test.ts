import { chmodSync, mkdtempDisposableSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { chat, newTestKey, startTestGateway } from "../test/support/harness.ts";
import { startNoticeReceiver } from "../test/support/notice-receiver.ts";
import { runCommand } from "../test/support/run-command.ts";
import { startTestProxy } from "../test/support/test-proxy.ts";
import type { Finding } from "../upstreams/inspect/finding.ts";
import { clockFinding } from "../upstreams/inspect/inspect-upstream.ts";
import { doctor } from "./doctor.ts";

function scratch(): string {
  const dir = mkdtempDisposableSync(join(tmpdir(), "doctor-"));
  onTestFinished(() => dir.remove());
  return dir.path;
}

async function serve(handler: RequestListener): Promise<string> {
  const server = createServer(handler).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A port on which nothing listens. */
async function closedPort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

async function examine(dir: string, env: Record<string, string> = {}, argv: string[] = []) {
  const files = { USERS_FILE: join(dir, "users.json"), DATABASE_FILE: join(dir, "gateway.db") };
  const given = { env: { PORT: await closedPort(), ...files, ...env }, cwd: dir };
  const { status, out } = await runCommand(doctor, ["--json", ...argv], given);
  const findings: Finding[] = JSON.parse(out || '{"findings":[]}').findings;
  const of = (about: string): Finding[] => findings.filter((finding) => finding.about === about);
  return { status, findings, of, text: out };
}

/** As llama.cpp: streams, counts, has slots and shows them. */
function llama(slots: number): RequestListener {
  let busy = false;
  return (request, response) => {
    const path = request.url ?? "";
    if (path === "/v1/models") return void response.end('{"data":[{"id":"qwen"}]}');
    if (path === "/props") return void response.end(JSON.stringify({ total_slots: slots }));
    if (path === "/slots") return void response.end(JSON.stringify([{ is_processing: busy }]));
    busy = true;
    response.on("close", () => (busy = false));
    for (let n = 0; n < 5; n++) response.write('data: {"choices":[{"delta":{"content":"x"}}]}\n\n');
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      if (JSON.parse(body).max_tokens > 100) return;
      response.end('data: {"choices":[],"timings":{"predicted_n":5}}\n\ndata: [DONE]\n\n');
    });
  };
}

test("the role of a gateway in its cluster, and that no gateway keeps the queue", async () => {
  let health: object = {};
  const url = await serve((_request, response) => void response.end(JSON.stringify(health)));
  const env = { PORT: new URL(url).port, HOST: "127.0.0.1" };
  const said = async (): Promise<Finding | undefined> =>
    (await examine(scratch(), env, ["--no-generate"])).of("gateway")[0];
  const cluster = { keeper: "box2:8100", gateways: 2, trouble: null };
  health = { status: "ok", line: null, cluster: { ...cluster, role: "member" } };
  expect((await said())?.says).toMatch(/^It runs at .*; the gateway at box2:8100 keeps the queue$/);
  health = { status: "ok", line: { state: "open" }, cluster: { ...cluster, role: "keeper" } };
  expect((await said())?.says).toMatch(/, and keeps the queue of 2 gateways$/);
  const trouble = "the database does not answer";
  health = { status: "no_keeper", line: null, cluster: { ...cluster, role: "none", trouble } };
  expect(await said()).toMatchObject({ state: "fail", says: expect.stringContaining(trouble) });
});

test("a gateway that runs well in front of a llama.cpp: nothing to do", async () => {
  const url = await serve(llama(2));
  const gateway = await startTestGateway(() => {}, { UPSTREAM_URL: url, MAX_CONCURRENT: "2" });
  onTestFinished(() => gateway.stop());
  await (await gateway.post("/v1/chat/completions", chat({ max_tokens: 5 }))).text();
  chmodSync(gateway.usersFile, 0o600);
  const same = { UPSTREAM_URL: url, MAX_CONCURRENT: "2", UPSTREAM_TYPE: "openai" };
  const env = { PORT: String(gateway.port), ...same };
  const { status, findings, of } = await examine(gateway.dir, env);
  expect(findings.filter(({ state }) => state !== "ok" && state !== "skip")).toEqual([]);
  expect(status).toBe(0);
  expect(of("gateway")[0]?.says).toContain(`127.0.0.1:${gateway.port}`);
  expect(of("ledger")[0]?.says).toMatch(/^It is whole: 1 row,/);
  for (const about of ["users", "disk", "slots", "generates", "usage", "leaving", "clock"]) {
    expect(of(about)[0], about).toMatchObject({ state: "ok" });
  }
});

test("a gateway in a container is found at the port of the machine", async () => {
  const gateway = await startTestGateway(() => {});
  onTestFinished(() => gateway.stop());
  const env = { PORT: String(gateway.port), PUBLISHED_PORT: "18931" };
  const { of } = await examine(gateway.dir, env);
  expect(of("gateway")[0]?.says).toMatch(/^It runs at port 18931 of this machine /);
});

test("a queue that is still paused or draining is a warning, with the command to continue", async () => {
  const gateway = await startTestGateway(() => {});
  onTestFinished(() => gateway.stop());
  const headers = { authorization: `Bearer ${gateway.keys.admin}` };
  for (const [act, says] of [
    ["pause", "The queue is paused, so no request starts."],
    ["drain", "The queue is draining, so waiting and new requests are refused."],
  ] as const) {
    await fetch(`${gateway.url}/queue/${act}`, { method: "POST", headers });
    const { of } = await examine(gateway.dir, { PORT: String(gateway.port) });
    expect(of("gateway")[0]).toMatchObject({ state: "warn", says });
    expect(of("gateway")[0]?.todo).toContain("queue resume");
  }
});

test("a mistyped setting in .env is a warning, a name of another program is not", async () => {
  const dir = scratch();
  writeFileSync(join(dir, ".env"), "MAX_CONCURENT=3\nTUNNEL_TOKEN=x\nWEBUI_KEY=x\nPUBLIC_URL=\n");
  const { of, status } = await examine(dir);
  expect(of("settings").map(({ state, says }) => [state, says])).toEqual([
    ["ok", "They are right."],
    ["warn", "MAX_CONCURENT (.env) is no setting: did you mean MAX_CONCURRENT?"],
  ]);
  expect(status).toBe(0);
});

test("a mistyped field of users.json is a warning, an unknown one is not", async () => {
  const dir = scratch();
  const bob = { user: "bob", max_concurent: 2, team: "blue", note: "x" };
  writeFileSync(join(dir, "users.json"), JSON.stringify({ [newTestKey()]: bob }), { mode: 0o600 });
  const { of } = await examine(dir);
  expect(of("users").map(({ state, says }) => [state, says])).toEqual([
    ["ok", "1 user, 1 key"],
    ["warn", "An entry of bob has the unknown field max_concurent: did you mean max_concurrent?"],
  ]);
});

test("a wrong limit in users.json is a warning with its line and column", async () => {
  const dir = scratch();
  const limits = '{ "tokens": "lots", "window": "500ms", "cost": 5 }';
  const text = `{\n\t"${newTestKey()}": { "user": "bob", "limits": ${limits} }\n}\n`;
  writeFileSync(join(dir, "users.json"), text, { mode: 0o600 });
  const { of } = await examine(dir);
  const [, ...wrong] = of("users").map(({ state, says }) => [state, says]);
  const column = (text.split("\n")[1] ?? "").indexOf('"lots"') + 1;
  expect(wrong).toEqual([
    ["warn", expect.stringContaining(`line 2, column ${column}: limits of bob: tokens must be`)],
    ["warn", expect.stringMatching(/line 2, column \d+: limits of bob: window must be a time/)],
  ]);
});

test.each<[string, RequestListener, string, RegExp]>([
  ["refuses the key", (_, response) => void response.writeHead(401).end(), "upstream", /refuses/],
  [
    "is no model server",
    (_, response) => void response.end("<html>"),
    "upstream",
    /without a list/,
  ],
  ["loads", (_, response) => void response.writeHead(503).end(), "upstream", /loading/],
])("an upstream that %s is reported, with what to do", async (_, handler, about, says) => {
  const { of } = await examine(scratch(), { UPSTREAM_URL: await serve(handler) });
  expect(of(about)[0]?.says).toMatch(says);
  expect(of(about)[0]?.todo).toBeTruthy();
});

/** Anthropic's and Gemini's servers as doctor asks them; `seen` gets the paths. */
function cloud(key: string, seen: string[]): RequestListener {
  return (request, response) => {
    const path = (request.url ?? "").split("?")[0] ?? "";
    const isGoogle = request.headers["x-goog-api-key"] !== undefined;
    seen.push(path);
    if ((request.headers["x-api-key"] ?? request.headers["x-goog-api-key"]) !== key) {
      return void response.writeHead(401).end();
    }
    if (path.endsWith("/models")) {
      const claude = { data: [{ type: "model", id: "claude-haiku" }], has_more: false };
      const gemini = { models: [{ name: "models/gemini-flash" }] };
      return void response.end(JSON.stringify(isGoogle ? gemini : claude));
    }
    const usage = isGoogle ? "usageMetadata" : "usage";
    for (let n = 0; n < 4; n++) response.write('data: {"type":"x"}\n\n');
    response.end(`data: {"${usage}":{}}\n\n`);
  };
}

test("each upstream has its own findings, under its name and in its dialect", async () => {
  const [key, seen] = [newTestKey(), [] as string[]];
  const url = await serve(cloud(key, seen));
  const dir = scratch();
  const yaml = [
    "upstreams:",
    `  box: { url: "${await serve(llama(2))}", max_concurrent: 1 }`,
    `  claude: { url: "${url}", type: anthropic, key: "\${CLOUD_KEY}" }`,
    `  gemini: { url: "${url}", type: google, key: "\${CLOUD_KEY}" }`,
    `  wrong: { url: "${url}", key: "\${CLOUD_KEY}" }`,
    `  dead: "http://127.0.0.1:${await closedPort()}"`,
    'routes: [{ model: "gemini-*", upstream: gemini }]',
  ];
  writeFileSync(join(dir, "config.yaml"), yaml.join("\n"));
  const { status, of, text } = await examine(dir, { CLOUD_KEY: key });
  expect(status).toBe(1);
  expect(of("box")[0]).toMatchObject({ state: "ok" });
  expect(of("box slots")[0]).toMatchObject({ state: "warn" });
  expect(of("box slots")[0]?.todo).toContain("max_concurrent: auto");
  for (const name of ["claude", "gemini"]) {
    for (const part of ["", " dialect", " generates", " usage"]) {
      expect(of(name + part)[0], name + part).toMatchObject({ state: "ok" });
    }
  }
  expect(of("claude dialect")[0]?.says).toContain("Anthropic");
  expect(seen).toContain("/v1beta/models/gemini-flash:streamGenerateContent");
  expect(of("wrong")[0]?.says).toContain("refuses the gateway's key");
  expect(of("dead")[0]).toMatchObject({ state: "fail" });
  expect(of("upstream")).toEqual([]);
  expect(text).not.toContain(key);
});

test("an upstream of another type than the one set is reported", async () => {
  const url = await serve((_, response) => {
    response.end('{"data":[{"type":"model","id":"claude"}],"has_more":false}');
  });
  const { of } = await examine(scratch(), { UPSTREAM_URL: url });
  expect(of("upstream")[0]).toMatchObject({ state: "fail", todo: "Set UPSTREAM_TYPE=anthropic." });
});

test("an upstream that is not there fails; its key is not shown", async () => {
  const key = newTestKey();
  const env = { UPSTREAM_URL: `http://127.0.0.1:${await closedPort()}`, UPSTREAM_API_KEY: key };
  const { status, of, text } = await examine(scratch(), env);
  expect(status).toBe(1);
  expect(of("upstream")[0]).toMatchObject({ state: "fail" });
  expect(text).not.toContain(key);
});

test("an upstream on this machine is asked directly, whatever proxy the environment names", async () => {
  const dead = `http://127.0.0.1:${await closedPort()}`;
  const proxied = { HTTP_PROXY: dead, http_proxy: dead };
  const { of } = await examine(scratch(), { UPSTREAM_URL: await serve(llama(1)), ...proxied });
  for (const about of ["upstream", "generates", "usage", "leaving"]) {
    expect(of(about)[0], about).toMatchObject({ state: "ok" });
  }
});

test("an upstream behind the proxy is asked through it, as the gateway asks", async () => {
  const proxy = await startTestProxy();
  onTestFinished(() => proxy.close());
  const { port } = new URL(await serve(llama(1)));
  const env = {
    UPSTREAM_URL: `http://models.invalid:${port}`,
    http_proxy: `http://127.0.0.1:${proxy.port}`,
  };
  const { of } = await examine(scratch(), env);
  expect(of("upstream")[0]).toMatchObject({ state: "ok" });
  expect(of("generates")[0]).toMatchObject({ state: "ok" });
  expect(new Set(proxy.asked)).toEqual(new Set([`models.invalid:${port}`]));
  const direct = await examine(scratch(), { ...env, NO_PROXY: "models.invalid" });
  expect(direct.of("upstream")[0]).toMatchObject({ state: "fail" });
});

test("a proxy that refuses is reported as the proxy, with the variables to check", async () => {
  const proxy = await startTestProxy({ refuses: 403 });
  onTestFinished(() => proxy.close());
  const http_proxy = `http://127.0.0.1:${proxy.port}`;
  const { of } = await examine(scratch(), { UPSTREAM_URL: "http://models.invalid:1", http_proxy });
  expect(of("upstream")[0]).toMatchObject({ state: "fail" });
  expect(of("upstream")[0]?.says).toContain("refused (403)");
  expect(of("upstream")[0]?.todo).toContain("HTTP_PROXY");
});

test("a CA file that does not exist is reported with the words of the start", async () => {
  const { of } = await examine(scratch(), {
    UPSTREAM_URL: "https://x.invalid",
    UPSTREAM_CA: "none.pem",
  });
  expect(of("upstream")[0]?.says).toMatch(/^UPSTREAM_CA none\.pem: cannot be read \(ENOENT\)/);
});

test("127.0.0.1 inside a container is the container", async () => {
  const env = { UPSTREAM_URL: "http://localhost:8080", PUBLISHED_PORT: "8000" };
  const { of } = await examine(scratch(), env);
  expect(of("upstream")[0]?.todo).toContain("host.docker.internal");
});

test("more generations than slots, no stream and no usage are warnings", async () => {
  const url = await serve((request, response) => {
    if (request.url !== "/v1/chat/completions") return llama(1)(request, response);
    response.end('data: {"choices":[{"delta":{"content":"all at once"}}]}\n\ndata: [DONE]\n\n');
  });
  const { of, status } = await examine(scratch(), { UPSTREAM_URL: url, MAX_CONCURRENT: "4" });
  expect(of("slots")[0]).toMatchObject({ state: "warn" });
  expect(of("generates")[0]).toMatchObject({ state: "warn" });
  expect(of("usage")[0]).toMatchObject({ state: "warn" });
  expect(status).toBe(0);
});

test("a wrong setting, a broken users file and a damaged ledger fail, each with what to do", async () => {
  const wrong = await examine(scratch(), { MAX_CONCURRENT: "many" });
  expect(wrong.status).toBe(1);
  expect(wrong.of("settings")[0]?.says).toContain("MAX_CONCURRENT=many");

  const dir = scratch();
  writeFileSync(join(dir, "users.json"), '{"sk-secret-key-of-alice": ');
  writeFileSync(
    join(dir, "gateway.db"),
    "this is not a database, though it is long enough ".repeat(30),
  );
  const broken = await examine(dir);
  expect(broken.status).toBe(1);
  expect(broken.of("users")[0]).toMatchObject({ state: "fail" });
  expect(broken.of("ledger")[0]).toMatchObject({ state: "fail" });
  expect(broken.text).not.toContain("secret-key");
});

test("from outside: asks for a key and hides health; or says what is open", async () => {
  const closed = await serve((request, response) => {
    response.writeHead(request.url?.startsWith("/v1") ? 401 : 404).end();
  });
  const open = await serve((_, response) => void response.end("{}"));
  const dead = await serve((_, response) => void response.writeHead(530).end());
  expect((await examine(scratch(), {}, ["--public", closed])).of("tunnel")).toMatchObject([
    { state: "ok" },
  ]);
  const found = (await examine(scratch(), { PUBLIC_URL: `${open}/` })).of("tunnel");
  expect(found.map(({ state }) => state)).toEqual(["fail", "fail", "fail"]);
  expect((await examine(scratch(), {}, ["--public", dead])).of("tunnel")[0]?.todo).toContain(
    "logs tunnel",
  );
});

test("a clock that is wrong is a warning", () => {
  const now = Date.UTC(2026, 10, 21, 12);
  const date = new Date(now - 90_000).toUTCString();
  expect(clockFinding(date, now)[0]?.says).toBe("This clock is 90 s ahead of the upstream's.");
  expect(clockFinding(new Date(now).toUTCString(), now)[0]?.state).toBe("ok");
});

test("a role without limits in the settings is a warning, one with limits is not", async () => {
  const dir = scratch();
  const entries = {
    [newTestKey()]: { user: "a", role: "student" },
    [newTestKey()]: { user: "b", role: "staf" },
  };
  writeFileSync(join(dir, "users.json"), JSON.stringify(entries), { mode: 0o600 });
  writeFileSync(join(dir, "config.yaml"), "limits: { roles: { student: { tokens: 5 } } }\n");
  const { of } = await examine(dir);
  expect(
    of("users")
      .slice(1)
      .map(({ says }) => says),
  ).toEqual(["The role staf of b has no effect; there are user, admin, student."]);
});

test("a key that signs with a secret that is not there is a failure that names the variable", async () => {
  const dir = scratch();
  const speaks = { preset: "open-webui", jwt_secret_env: "DOCTOR_TEST_SECRET" };
  const webui = { user: "webui", speaks_for: speaks };
  const users = JSON.stringify({ [newTestKey()]: webui });
  writeFileSync(join(dir, "users.json"), users, { mode: 0o600 });
  const secrets = async (env: Record<string, string>) =>
    (await examine(dir, env)).of("users").map(({ state, says }) => `${state} ${says}`);
  expect(await secrets({})).toEqual([
    "ok 1 user, 1 key",
    "fail A key of webui signs its people with DOCTOR_TEST_SECRET, which is not set.",
  ]);
  const [, short] = await secrets({ DOCTOR_TEST_SECRET: "short" });
  expect(short).toContain("is shorter than 16 characters");
  expect(await secrets({ DOCTOR_TEST_SECRET: "0123456789abcdef" })).toEqual(["ok 1 user, 1 key"]);
});

test("--notify sends a trial to NOTIFY_URL, and says what came of it without the address", async () => {
  const receiver = await startNoticeReceiver();
  onTestFinished(() => receiver.close());
  const dir = scratch();
  const env = { NOTIFY_URL: `ntfy+${receiver.url}/secret-topic`, UPSTREAM_URL: "" };
  const { host } = new URL(receiver.url);

  const quiet = await examine(dir, env);
  expect(quiet.of("notices")[0]?.says).toMatch(`Trouble is told to ntfy at ${host}.`);
  expect(receiver.got).toEqual([]);

  const sent = await examine(dir, env, ["--notify"]);
  expect(sent.of("notices")).toMatchObject([{ state: "ok", says: expect.stringMatching(/trial/) }]);
  expect(receiver.got[0]?.body).toMatchObject({
    topic: "secret-topic",
    title: "A trial of llm-gateway",
  });

  receiver.answer(403);
  const refused = await examine(dir, env, ["--notify"]);
  expect(refused.of("notices")).toMatchObject([
    { state: "fail", says: `ntfy at ${host}: it answers 403.` },
  ]);
  expect(refused.status).toBe(1);
  for (const { text } of [quiet, sent, refused]) expect(text).not.toContain("secret-topic");

  const [none] = (await examine(dir, {}, ["--notify"])).of("notices");
  expect(none).toMatchObject({ state: "fail", todo: expect.stringContaining("NOTIFY_URL=") });
});
