import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { OtherGateways } from "../../cluster/gateways/open-passing.ts";
import { type Gateway, startGateway } from "../../serve.ts";
import { loadSettings } from "../../settings/load-settings.ts";
import { settingsReport } from "../../settings/settings-report.ts";
import { type Handler, type MockUpstream, startMockUpstream } from "./mock-upstream.ts";

/** A row of the ledger, as a test reads it. */
export type LedgerRow = {
  id: string;
  request_id: string;
  user: string;
  model: string | null;
  upstream: string;
  dialect: string;
  streamed: number;
  state: string;
  status: number | null;
  error_code: string | null;
  queue_ms: number | null;
  first_token_ms: number | null;
  duration_ms: number | null;
  input_tokens: number | null;
  output_tokens: number | null;
  cached_tokens: number | null;
  usage_source: string | null;
  upstream_id: string | null;
};

export type HealthReport = { line: { active: number; waiting: number } } & Record<string, unknown>;

export type TestGateway = {
  url: string;
  port: number;
  gateway: Gateway;
  upstream: MockUpstream;
  dir: string;
  usersFile: string;
  /** By user name: alice, bob, carol, and admin, who is one. */
  keys: Record<string, string>;
  rows(): LedgerRow[];
  health(): Promise<HealthReport>;
  /** POST of JSON as alice, unless told otherwise. */
  post(path: string, body: unknown, options?: PostOptions): Promise<Response>;
  stop(): Promise<void>;
  /** `stop()` at the end of a block: `await using gateway = await startTestGateway(…)`. */
  [Symbol.asyncDispose](): Promise<void>;
};

export type PostOptions = {
  user?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
};

export const newTestKey = (): string => `sk-${randomBytes(16).toString("hex")}`;

/**
 * A real gateway on a free port of 127.0.0.1, in front of a mock upstream (or of `UPSTREAM_URL`, or
 * of the echo where that is empty), with a directory of its own, where `config` is its config.yaml.
 * With `others` it is one of a cluster.
 */
export async function startTestGateway(
  handler: Handler,
  env: Record<string, string> = {},
  config?: string,
  others: OtherGateways | null = null,
): Promise<TestGateway> {
  const dir = mkdtempSync(join(tmpdir(), "llm-gateway-test-"));
  if (config !== undefined) writeFileSync(join(dir, "config.yaml"), config);
  const upstream = await startMockUpstream(handler);
  const keys = {
    alice: newTestKey(),
    bob: newTestKey(),
    carol: newTestKey(),
    admin: newTestKey(),
  };
  const usersFile = join(dir, "users.json");
  writeFileSync(
    usersFile,
    JSON.stringify(
      Object.fromEntries(
        Object.entries(keys).map(([user, key]) => [
          key,
          user === "admin" ? { user, role: "admin" } : user,
        ]),
      ),
    ),
  );
  const remove = async (): Promise<void> => {
    await upstream.close();
    rmSync(dir, { recursive: true, force: true });
  };
  const from = {
    argv: [],
    cwd: dir,
    env: {
      HOST: "127.0.0.1",
      PORT: "0",
      UPSTREAM_URL: upstream.url,
      UPSTREAM_TYPE: "openai",
      USERS_FILE: usersFile,
      DATABASE_FILE: join(dir, "gateway.db"),
      LOG_LEVEL: "silent",
      DRAIN_TIMEOUT: "200ms",
      // Every journey runs with several processes too: TEST_WORKERS=2 npx vitest run gateway/test
      WORKERS: process.env.TEST_WORKERS ?? "1",
      ...env,
    },
  };
  const gateway = await startWith(from, others).catch(async (cause) => {
    await remove();
    throw cause;
  });
  const stop = async (): Promise<void> => {
    await gateway.stop();
    await remove();
  };
  const url = `http://127.0.0.1:${gateway.port}`;
  return {
    url,
    port: gateway.port,
    gateway,
    upstream,
    dir,
    usersFile,
    keys,
    rows: () => readRows(join(dir, "gateway.db")),
    health: async () => (await (await fetch(`${url}/health`)).json()) as HealthReport,
    post: (path, body, { user = "alice", headers = {}, signal } = {}) =>
      fetch(url + path, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          authorization: `Bearer ${keys[user as keyof typeof keys]}`,
          ...headers,
        },
        body: typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body),
        ...(signal === undefined ? {} : { signal }),
      }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function startWith(
  from: Parameters<typeof loadSettings>[0],
  others: OtherGateways | null,
): Promise<Gateway> {
  const loaded = loadSettings(from);
  const options = {
    version: "0.0.0-test",
    logForm: "json" as const,
    settingsReport: settingsReport(loaded),
    others,
  };
  return await startGateway(loaded.settings, options);
}

/** Every row, oldest first. */
export function readRows(file: string): LedgerRow[] {
  const db = new Database(file, { readonly: true });
  try {
    return db.prepare("SELECT * FROM generations ORDER BY started_at, id").all() as LedgerRow[];
  } finally {
    db.close();
  }
}

/** Waits until `condition` holds; fails with `what` after `ms`. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  ms = 10_000,
): Promise<void> {
  const deadline = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A chat of one message. */
export const chat = (fields: Record<string, unknown> = {}): Record<string, unknown> => ({
  model: "mock",
  messages: [{ role: "user", content: "hello" }],
  ...fields,
});
