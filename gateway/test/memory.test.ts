import { readFileSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newTestKey, until } from "./support/harness.ts";
import { type Holding, holding } from "./support/holding.ts";
import { openMemoryCgroup } from "./support/memory-cgroup.ts";
import { type MockUpstream, startMockUpstream } from "./support/mock-upstream.ts";
import { newDirectory, remove, type Spawned, spawnGateway } from "./support/spawned-gateway.ts";

/** What docker-compose.yml gives the gateway. Where no group can be made, the setting says it. */
const limit = 2 ** 30;
const group = openMemoryCgroup(limit);

const users = ["alice", "bob", "carol"];
const keys = users.map(newTestKey);
const dir = newDirectory();
let held: Holding;
let upstream: MockUpstream;
let gateway: Spawned;
beforeAll(async () => {
  held = holding();
  upstream = await startMockUpstream(held.handler);
  writeFileSync(
    join(dir, "users.json"),
    JSON.stringify(Object.fromEntries(keys.map((key, at) => [key, users[at]]))),
  );
  const env = {
    UPSTREAM_URL: upstream.url,
    UPSTREAM_TYPE: "openai",
    USERS_FILE: join(dir, "users.json"),
    DATABASE_FILE: join(dir, "gateway.db"),
    LOG_LEVEL: "silent",
    ...(group === null ? { MAX_WAITING_BYTES: String(limit / 4) } : {}),
  };
  gateway = await spawnGateway(dir, env, { prefix: group?.prefix ?? [] });
}, 30_000);
afterAll(async () => {
  gateway.child.kill("SIGTERM");
  await gateway.ended;
  await upstream.close();
  await group?.remove();
  remove(dir);
});

/** The gateway's process, then its workers. */
function processes(): string[] {
  const { pid } = gateway.child;
  const workers = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").split(" ");
  return [String(pid), ...workers.filter(Boolean)];
}

/** Resident memory of all of them. Mebibytes. */
function rss(): number {
  const all = processes().map((one) => {
    const status = readFileSync(`/proc/${one}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024;
  });
  return all.reduce((sum, one) => sum + one, 0);
}

async function line(): Promise<{ active: number; waiting: number }> {
  const health = (await (await fetch(`${gateway.url}/health`)).json()) as { line: never };
  return health.line;
}

/**
 * Sends one chat and leaves its connection open. It is refused by a 503, which a client that is
 * still sending may lose with its connection.
 */
function send(key: string, body: Buffer): { socket: Socket; isRefused(): boolean } {
  const socket = connect(Number(new URL(gateway.url).port), "127.0.0.1").on("error", () => {});
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk.toString("latin1", 0, 64);
  });
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n` +
      `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`,
  );
  socket.write(body);
  return { socket, isRefused: () => answer.startsWith("HTTP/1.1 503") || socket.closed };
}

const chatOf = (content: unknown): Buffer =>
  Buffer.from(JSON.stringify({ model: "m", stream: true, messages: [{ role: "user", content }] }));

const megabytes = (count: number): string => "x".repeat(count * 1_000_000);
const picture = [
  { type: "image_url", image_url: { url: `data:image/png;base64,${megabytes(32)}` } },
];

describe("the memory of the gateway, whatever waits", () => {
  // The thread for large bodies begins with the first one, and stays.
  beforeAll(async () => {
    const { socket } = send(keys[0] ?? "", chatOf(megabytes(32)));
    await until(async () => (await line()).active === 1, "a large body is read");
    socket.destroy();
    await until(async () => (await line()).active === 0, "its client has left");
  }, 30_000);

  it.each([
    ["texts of 32 MB", chatOf(megabytes(32)), 16],
    ["texts of 32 MB in two-byte letters", chatOf(`é${megabytes(32)}`), 16],
    ["pictures of 32 MB", chatOf(picture), 16],
    ["texts of 1 MB", chatOf(megabytes(1)), 300],
  ])(
    "stays inside its limit with %s, and is given back",
    async (_what, body, count) => {
      const rest = rss();
      const sent = Array.from({ length: count }, (_, at) => send(keys[at % 3] ?? "", body));
      try {
        await until(
          async () => {
            const { active, waiting } = await line();
            return active + waiting + sent.filter(({ isRefused }) => isRefused()).length === count;
          },
          "each waits or is refused with a 503",
          60_000,
        );
        const { waiting } = await line();
        // A quarter of the limit less what the room keeps free for the next user.
        expect(waiting * body.length).toBeGreaterThan(limit / 16);
        expect(waiting * body.length).toBeLessThanOrEqual(limit / 4);
      } finally {
        for (const { socket } of sent) socket.destroy();
      }
      await until(
        async () => (await line()).waiting + (await line()).active === 0,
        "all have left",
      );
      await until(
        () => rss() < rest + 100 * processes().length,
        "the memory is given back",
        30_000,
      );
      expect(gateway.child.exitCode).toBe(null);
    },
    120_000,
  );
});
