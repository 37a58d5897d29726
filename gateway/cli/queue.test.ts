import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../test/support/harness.ts";
import { type MockUpstream, politeChat, startMockUpstream } from "../test/support/mock-upstream.ts";
import { type Given, type Ran, runCommand } from "../test/support/run-command.ts";
import {
  newDirectory,
  remove,
  type Spawned,
  spawnGateway,
} from "../test/support/spawned-gateway.ts";
import { duration, queueLines } from "./queue/queue-lines.ts";
import { queue } from "./queue.ts";

const dir = newDirectory();
let gateway: Spawned;
let upstream: MockUpstream;
const letGo: Array<() => void> = [];
const asked: Promise<unknown>[] = [];

beforeAll(async () => {
  upstream = await startMockUpstream(async (seen, response, request) => {
    await new Promise<void>((resolve) => {
      letGo.push(resolve);
      response.once("close", resolve);
    });
    if (!response.destroyed) await politeChat(seen, response, request);
  });
  gateway = await spawnGateway(dir, { UPSTREAM_URL: upstream.url, UPSTREAM_TYPE: "openai" });
});
afterAll(async () => {
  for (const release of letGo) release();
  gateway.child.kill();
  await gateway.ended;
  await upstream.close();
  remove(dir);
});

function ask(model: string): void {
  const headers = { authorization: `Bearer ${gateway.key()}`, "content-type": "application/json" };
  const body = JSON.stringify({ model, messages: [{ role: "user", content: "hello" }] });
  const url = `${gateway.url}/v1/chat/completions`;
  asked.push(fetch(url, { method: "POST", headers, body }).then((response) => response.text()));
}

/** Runs the command in the gateway's directory, as its owner would. */
async function run(argv: string[], over: Given = {}): Promise<Ran> {
  const env = { PORT: new URL(gateway.url).port, HOST: "127.0.0.1" };
  return await runCommand(queue, argv, { env, cwd: dir, ...over });
}

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function inLine(count: number): Promise<void> {
  await until(async () => {
    const { data } = JSON.parse((await run(["--json"])).out) as { data: unknown[] };
    return data.length === count;
  }, `${count} in line`);
}

describe("queue", () => {
  it("shows the line once where nobody looks on, with the first key from its file", async () => {
    expect(await run([])).toEqual({ status: 0, out: "0 of 1 slots in use, 0 waiting", said: "" });
    ask("one");
    await inLine(1);
    ask("two");
    await inLine(2);
    const { out } = await run(["--once"]);
    expect(out).toMatch(
      /^1 of 1 slots in use, 1 waiting\n\nplace +user +model +id +for +starts in\n/,
    );
    expect(out).toMatch(/\n runs {2}\S+ +one +[0-9a-f]{8} +\d+ s\n/);
    expect(out).toMatch(/\n {3}#1 {2}\S+ +two +[0-9a-f]{8} +\d+ s +\S+/);
  });

  it("draws it live on a terminal, follows its changes, and gives the terminal back", async () => {
    let drawn = "";
    const leaving = new AbortController();
    const write = (text: string): void => {
      drawn += text;
    };
    const live = run([], {
      screen: { isTTY: true, columns: 40, rows: 24, write },
      signal: leaving.signal,
    });
    await until(() => drawn.includes("1 waiting"), "it draws");
    ask("three");
    await until(() => drawn.includes("2 waiting"), "it draws the change");
    leaving.abort();
    expect(await live).toMatchObject({ status: 0, said: "" });
    expect(drawn.startsWith("\x1b[?1049h")).toBe(true);
    expect(drawn.endsWith("\x1b[?25h\x1b[?1049l")).toBe(true);
    const lines = drawn.replaceAll("\x1b[K", "").replaceAll("\x1b[J", "").split(/\r\n/);
    const long = lines.filter((line) => !line.includes("\x1b") && line.length > 40);
    expect(long).toEqual([]);
  });

  it("removes a request from the queue, or stops it, by the shown part of its id", async () => {
    const { data } = JSON.parse((await run(["--json"])).out) as { data: { id: string }[] };
    const ids = data.map(({ id }) => id);
    expect(await run(["remove", ids[2]?.slice(0, 8) ?? ""])).toMatchObject({
      status: 0,
      out: "removed from the queue",
    });
    expect((await run(["remove", ids[0] ?? ""])).out).toBe("stopped");
    await inLine(1);
    expect(await run(["remove", "nobody"])).toMatchObject({ status: 1, out: "" });
    expect((await run(["remove", ""])).status).toBe(2);
    expect((await run(["remove"])).status).toBe(2);
    letGo.at(-1)?.();
    await inLine(0);
    await Promise.all(asked);
  });

  it("pauses, resumes and drains", async () => {
    expect((await run(["pause"])).out).toContain("waiting, paused");
    expect((await run(["resume"])).out).toBe("0 of 1 slots in use, 0 waiting");
    expect(JSON.parse((await run(["drain", "--json"])).out)).toMatchObject({ state: "draining" });
    expect((await run(["resume"])).status).toBe(0);
  });

  it("takes no key as an option, and repeats none", async () => {
    const secret = "sk-0123456789abcdef";
    for (const argv of [["--key", secret], [secret], ["pause", secret], ["--url", secret]]) {
      const { status, out, said } = await run(argv);
      expect([status, out]).toEqual([2, ""]);
      expect(said).not.toContain("0123");
    }
  });

  it("says in one line what is wrong: no gateway, a wrong key, no key", async () => {
    const env = { PORT: String(await closedPort()), HOST: "127.0.0.1" };
    expect((await run([], { env })).said).toMatch(/^queue: http:.*: nothing listens there/);
    const wrong = { PORT: new URL(gateway.url).port, LLM_GATEWAY_KEY: "sk-wrong" };
    const refused = await run([], { env: wrong });
    expect(refused.status).toBe(1);
    expect(refused.said).toMatch(/^queue: .*key/i);
    expect(refused.said).not.toContain("sk-wrong");
    expect((await run([], { env: { USERS_FILE: "elsewhere/users.json" } })).said).toMatch(/no key/);
    const odd = await run([], { env: { LLM_GATEWAY_KEY: "sk-ä\nb" } });
    expect(odd.said).toBe("queue: the key has characters that a key cannot have");
  });

  it("sends this machine's own keys to no other machine, and follows no redirection", async () => {
    expect((await run(["--url", "http://192.0.2.1:8000"])).said).toMatch(/no key/);
    const keys: unknown[] = [];
    const server = createServer((request, response) => {
      keys.push(request.headers.authorization);
      response.writeHead(307, { location: `${gateway.url}/queue` }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const env = { LLM_GATEWAY_KEY: "sk-own" };
    expect((await run(["--url", url], { env })).said).toBe("queue: the gateway answers 307");
    expect(keys).toEqual(["Bearer sk-own"]);
    server.closeAllConnections();
    server.close();
  });
});

describe("the lines of the queue", () => {
  it("let no name of a client move the cursor", () => {
    const row = { user: "a\x1b[2Jb", model: "m\r\nx", id: "i\x07", state: "waiting" } as const;
    const rest = { position: 1, of: 1, eta_seconds: null, since: "2026-01-01T00:00:00Z" };
    const view = { state: "open", active: 0, capacity: 1, waiting: 1, data: [{ ...row, ...rest }] };
    const lines = queueLines(view, Date.parse(rest.since) + 5_000);
    expect(lines).toHaveLength(4);
    expect(lines.join("")).not.toMatch(/\p{Cc}/u);
    expect(lines[3]).toMatch(/ 5 s +\?$/);
  });

  it("tell slots of upstreams that are down apart; an older gateway does not know them", () => {
    const view = { state: "open", active: 1, capacity: 5, waiting: 0, data: [] };
    expect(queueLines({ ...view, usable: 1 }, 0)).toEqual([
      "1 of 5 slots in use (4 out of service), 0 waiting",
    ]);
    expect(queueLines({ ...view, usable: 5 }, 0)).toEqual(["1 of 5 slots in use, 0 waiting"]);
    expect(queueLines(view, 0)).toEqual(["1 of 5 slots in use, 0 waiting"]);
  });

  it.each([
    [0.2, "0 s"],
    [59.4, "59 s"],
    [185, "3 min 05 s"],
    [3720, "1 h 02 min"],
    [-1, "0 s"],
    [Number.NaN, "?"],
  ])("tell %d seconds as %s", (seconds, told) => expect(duration(seconds)).toBe(told));
});
