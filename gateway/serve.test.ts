import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startGateway } from "./serve.ts";
import { loadSettings } from "./settings/load-settings.ts";
import { until } from "./test/support/harness.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "llm-gateway-test-"));
  writeFileSync(join(dir, "users.json"), "{}");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** The end of each start that the ledger knows of; null: it still runs. */
function endsOfInstances(): (number | null)[] {
  const db = new Database(join(dir, "gateway.db"), { readonly: true });
  try {
    const rows = db.prepare("SELECT ended_at FROM instances").all() as {
      ended_at: number | null;
    }[];
    return rows.map((row) => row.ended_at);
  } finally {
    db.close();
  }
}

function start(env: Record<string, string>) {
  const { settings } = loadSettings({
    argv: [],
    cwd: dir,
    env: {
      HOST: "127.0.0.1",
      PORT: "0",
      UPSTREAM_URL: "https://127.0.0.1:9",
      USERS_FILE: join(dir, "users.json"),
      DATABASE_FILE: join(dir, "gateway.db"),
      LOG_LEVEL: "silent",
      ...env,
    },
  });
  return startGateway(settings, { version: "0.0.0-test", logForm: "json" });
}

/** Timers, sockets and ports that keep the process alive. */
const open = (): string[] => process.getActiveResourcesInfo();

/** How many of them are more than before, of whatever kind. */
function extra(before: readonly string[]): number {
  const left = [...before];
  return open().filter((kind) => {
    const at = left.indexOf(kind);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  }).length;
}

/** Node closes a handle a turn after it was told to. */
const isAsBefore = (before: readonly string[]): Promise<void> =>
  until(() => extra(before) === 0, `nothing is open but ${before}`, 5_000);

it("a start that fails at an upstream leaves nothing open", async () => {
  const before = open();
  const failed = start({ UPSTREAM_CA: join(dir, "no.pem") });
  await expect(failed).rejects.toThrow(/UPSTREAM_CA .*no\.pem: cannot be read/);
  expect(endsOfInstances()).toEqual([expect.any(Number)]);
  await isAsBefore(before);
});

it("a start that fails at a port leaves nothing open", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const before = open();
    // The first port is open by the time the second one fails.
    await expect(start({ METRICS_PORT: String(port) })).rejects.toThrow(/METRICS_PORT/);
    expect(endsOfInstances()).toEqual([expect.any(Number)]);
    await isAsBefore(before);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

it("a stop closes what the start has opened", async () => {
  const before = open();
  const gateway = await start({});
  expect(endsOfInstances()).toEqual([null]);
  await gateway.stop();
  expect(endsOfInstances()).toEqual([expect.any(Number)]);
  await isAsBefore(before);
});
