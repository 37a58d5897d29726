import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { check } from "../cli/config/check.ts";
import { doctor } from "../cli/doctor.ts";
import { startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { runCommand } from "./support/run-command.ts";
import { spawnGateway } from "./support/spawned-gateway.ts";

const running: TestGateway[] = [];
afterEach(async () => {
  for (const gateway of running.splice(0)) await gateway.stop();
});

async function serve(handler: RequestListener): Promise<string> {
  const server = createServer(handler).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A llama-server with this number of slots, as far as the start asks it. */
const llama =
  (slots: number): RequestListener =>
  (request, response) => {
    if (request.url === "/v1/models") response.end('{"data":[{"id":"qwen"}]}');
    else response.end(JSON.stringify({ total_slots: slots }));
  };

const refusing: RequestListener = (_request, response) => response.writeHead(401).end("{}");

/** What /health tells of its upstreams, once they were looked at. */
async function findingsWith(env: Record<string, string>, config?: string): Promise<string[]> {
  const gateway = await startTestGateway(() => {}, env, config);
  running.push(gateway);
  await gateway.gateway.findings();
  const { findings } = (await gateway.health()) as unknown as {
    findings: { says: string; todo: string }[];
  };
  return findings.map(({ says, todo }) => `${says} -> ${todo}`);
}

describe("what the start finds at an upstream", () => {
  it("is nothing if all is well", async () => {
    const url = await serve(llama(1));
    expect(await findingsWith({ UPSTREAM_URL: url, UPSTREAM_TYPE: "auto" })).toEqual([]);
    expect(await findingsWith({ UPSTREAM_URL: "" })).toEqual([]);
  });

  it("is that nothing listens there", async () => {
    const [dead] = await findingsWith({ UPSTREAM_URL: "http://127.0.0.1:9" });
    expect(dead).toBe(
      "http://127.0.0.1:9 cannot be reached: ECONNREFUSED -> Start the server, or correct UPSTREAM_URL.",
    );
  });

  it("is a path without the API, and a key that it refuses", async () => {
    const lost = await serve((_request, response) => response.writeHead(404).end("Not found"));
    expect(await findingsWith({ UPSTREAM_URL: `${lost}/api` })).toEqual([
      `${lost}/api answers 404 without a list of models. -> Set UPSTREAM_URL to a server with OpenAI's API (without /v1).`,
    ]);
    const url = await serve(refusing);
    expect(await findingsWith({ UPSTREAM_URL: url, UPSTREAM_API_KEY: "wrong" })).toEqual([
      `${url} refuses the gateway's key (401). -> Set UPSTREAM_API_KEY to a key that it accepts.`,
    ]);
  });

  it.each([
    ["1", "4 slots, 1 used. -> MAX_CONCURRENT=auto uses all."],
    ["8", "4 slots, but MAX_CONCURRENT=8 is set. -> Set MAX_CONCURRENT=auto."],
  ])("is that %s at once does not fit its slots", async (capacity, says) => {
    const url = await serve(llama(4));
    const [slots, ...others] = await findingsWith({ UPSTREAM_URL: url, MAX_CONCURRENT: capacity });
    expect([slots?.slice(0, says.length), others]).toEqual([says, []]);
  });

  it("names the upstream, if the config file has several", async () => {
    const [gpu, cloud] = [await serve(llama(2)), await serve(refusing)];
    const config = `upstreams:\n  gpu: "${gpu}"\n  cloud: { url: "${cloud}", key: wrong-key }\n`;
    expect(await findingsWith({ UPSTREAM_URL: "" }, config)).toEqual([
      "gpu: 2 slots, 1 used. -> max_concurrent: auto uses all.",
      `cloud: ${cloud} refuses the gateway's key (401). -> Set its key to a key that it accepts.`,
    ]);
  });

  it("is looked at again when the upstream comes back", async () => {
    let isThere = false;
    const url = await serve((request, response) => {
      if (isThere) llama(1)(request, response);
      else request.socket.destroy();
    });
    const gateway = await startTestGateway(() => {}, { UPSTREAM_URL: url });
    running.push(gateway);
    expect(await gateway.gateway.findings()).toHaveLength(1);
    isThere = true;
    const headers = { authorization: `Bearer ${gateway.keys.alice}` };
    await until(
      async () => {
        await (await fetch(`${gateway.url}/v1/models`, { headers })).text();
        return ((await gateway.health()).findings as unknown[]).length === 0;
      },
      "the finding is gone",
      20_000,
    );
  });

  it("stands once in the banner and once in the log", async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), "start-findings-"));
    const gateway = await spawnGateway(folder.path, { UPSTREAM_URL: "http://127.0.0.1:9" });
    try {
      await until(() => gateway.stderr().includes("Look at:"), "the banner tells it");
      expect(gateway.stderr()).toContain("  http://127.0.0.1:9 cannot be reached: ECONNREFUSED\n");
      const told = () => gateway.stdout().match(/cannot be reached/g)?.length;
      await until(() => told() !== undefined, "the log tells it");
      expect(told()).toBe(1);
    } finally {
      gateway.child.kill();
      await gateway.ended;
    }
  });
});

describe("a second shell", () => {
  it("without the gateway's settings judges by those of the gateway", async () => {
    const url = await serve(llama(4));
    const gateway = await startTestGateway(() => {}, { UPSTREAM_URL: url, MAX_QUEUE: "7" });
    running.push(gateway);
    await gateway.gateway.findings();
    const env = { USERS_FILE: gateway.usersFile, DATABASE_FILE: `${gateway.dir}/gateway.db` };
    const examined = await runCommand(doctor, ["--no-generate"], { env, cwd: gateway.dir });
    expect(examined.out).not.toContain("every answer is an echo");
    expect(examined.out).toContain("The running gateway has other settings than this shell");
    expect(examined.out).toContain("A restart in this directory takes those of .env");
    expect(examined.out).toContain("4 slots, 1 used.");
    const checked = await runCommand(check, ["--changed"], { env, cwd: gateway.dir });
    expect(checked.out).toContain(`UPSTREAM_URL=${url}  (environment)`);
    expect(checked.out).toContain("MAX_QUEUE=7  (environment)");
    expect(checked.out).not.toContain("MAX_BODY_BYTES");
    expect(checked.said).toContain("UPSTREAM_URL");
  });

  it("without the right to read its files learns it with an administrator's key alone", async () => {
    const gateway = await startTestGateway(() => {}, {
      MAX_QUEUE: "7",
      UPSTREAM_API_KEY: "hidden",
    });
    running.push(gateway);
    const ask = (key: string | undefined, headers = {}) =>
      fetch(`${gateway.url}/settings`, { headers: { authorization: `Bearer ${key}`, ...headers } });
    expect((await ask("made-up")).status).toBe(401);
    expect((await ask(gateway.keys.alice)).status).toBe(403);
    expect((await ask(gateway.keys.admin, { "cf-ray": "x" })).status).toBe(404);
    const text = await (await ask(gateway.keys.admin)).text();
    expect(JSON.parse(text).settings.MAX_QUEUE).toMatchObject({ value: 7, from: "environment" });
    expect(text).not.toContain("hidden");
  });
});

it("doctor says that it works only of a gateway that runs", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "start-findings-"));
  writeFileSync(join(folder.path, "users.json"), "{}", { mode: 0o600 });
  const env = {
    USERS_FILE: join(folder.path, "users.json"),
    DATABASE_FILE: join(folder.path, "gateway.db"),
    PORT: "9",
  };
  const { out } = await runCommand(doctor, [], { env, cwd: folder.path });
  expect(out.split("\n").at(-1)).toMatch(/^The gateway does not run\. 0 failures, \d warnings?\.$/);
});
