import { mkdtempDisposableSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { openLedger } from "../ledger/ledger.ts";
import { newTestKey } from "../test/support/harness.ts";
import { runCommand } from "../test/support/run-command.ts";
import { digestOf } from "../users/key.ts";
import { parseUsers } from "../users/snapshot.ts";
import { migrate } from "./migrate.ts";

let dir = "";
let said: string[] = [];

beforeEach(() => {
  const made = mkdtempDisposableSync(join(tmpdir(), "migrate-"));
  onTestFinished(() => made.remove());
  dir = made.path;
  said = [];
});

async function run(
  kind: string,
  text: string,
  variables: Record<string, string> = {},
): Promise<number> {
  const file = join(dir, "foreign");
  writeFileSync(file, text);
  const files = { USERS_FILE: join(dir, "users.json"), DATABASE_FILE: join(dir, "gateway.db") };
  const env = { ...files, ...variables };
  const line = (text_: string): void => void said.push(text_);
  const ran = await runCommand(migrate, [kind, file], { env, cwd: dir, out: line, say: line });
  return ran.status;
}

const users = () => parseUsers(readFileSync(join(dir, "users.json"), "utf8"));

test("the original's totals stand in the accounts, once, while the gateway runs", async () => {
  const ledger = openLedger({ file: join(dir, "gateway.db") });
  onTestFinished(() => ledger.shutdown());
  const text = JSON.stringify({
    alice: { requests: 12, input_tokens: 3400, output_tokens: 560 },
    bob: { total_requests: 1, tokens: { input: 2, output: 3 } },
    started: 1700000000,
  });
  expect(await run("metrics", text), said.join("\n")).toBe(0);
  expect(await ledger.totals()).toMatchObject([
    { user: "alice", requests: 12, input: 3400, output: 560 },
    { user: "bob", requests: 1, input: 2, output: 3 },
  ]);
  expect(await run("metrics", text)).toBe(1);
  expect(said.at(-1)).toContain("imported before");
  expect((await ledger.totals())[0]).toMatchObject({ requests: 12 });
});

test("LiteLLM's keys, which it keeps hashed, work on under their names", async () => {
  const key = newTestKey();
  const text = JSON.stringify({
    keys: [
      {
        token: digestOf(key),
        key_alias: "alice",
        models: ["qwen"],
        expires: "2031-01-01T00:00:00Z",
      },
      {
        token: digestOf("other"),
        key_alias: null,
        user_id: "bob smith",
        models: ["all-team-models"],
      },
    ],
  });
  expect(await run("litellm", text), said.join("\n")).toBe(0);
  expect(users().find(digestOf(key))).toMatchObject({ user: "alice", models: ["qwen"] });
  expect(users().entriesOf("bob-smith")).toMatchObject([{ models: null }]);
  expect(await run("litellm", text)).toBe(0);
  expect(said.at(-1)).toMatch(/^0 of 2 keys/);
});

test("blocked keys of LiteLLM, and those that may use no model, do not work on", async () => {
  const rows = [
    { token: digestOf("a"), key_alias: "alice", blocked: true },
    { token: digestOf("b"), key_alias: "bob", models: ["no-default-models"] },
    { token: digestOf("c"), key_alias: "carol" },
  ];
  expect(
    await run("litellm", JSON.stringify({ keys: rows, current_page: 1, total_pages: 2 })),
  ).toBe(0);
  expect(users().users).toBe(1);
  expect(said.filter((line) => line.startsWith("not taken over: "))).toHaveLength(3);
});

test("llama-swap's keys work on, those of variables too; none is shown", async () => {
  const [key, other] = [newTestKey(), newTestKey()];
  const text = `apiKeys: ["${key}", "\${env.OTHER_KEY}", "\${env.GONE}"]\nmodels: {qwen: {cmd: x}}\n`;
  expect(await run("llama-swap", text, { OTHER_KEY: other })).toBe(0);
  expect(users().find(digestOf(key))).toMatchObject({ user: "llama-swap-1" });
  expect(users().find(digestOf(other))).toMatchObject({ user: "llama-swap-2" });
  expect(said.join("\n")).not.toContain(key);
  expect(said).toContain("not taken over: key 3: its variable is not set");
});

test("beside a config file that is in force a second one is written, and never over one", async () => {
  writeFileSync(join(dir, "config.yaml"), "max_queue: 5\n");
  expect(await run("llama-swap", "models: {qwen: {cmd: x}}"), said.join()).toBe(0);
  expect(said).toContain("copy its sections to config.yaml, which is in use");
  expect(statSync(join(dir, "config.llama-swap.yaml")).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(dir, "config.yaml"), "utf8")).toBe("max_queue: 5\n");
  expect(await run("llama-swap", "models: {qwen: {cmd: x}}")).toBe(1);
  expect(said.at(-1)).toContain("exists; move it away");
});

test.each([
  ["metrics", "[]", 1],
  ["metrics", '{"a": 1}', 1],
  ["litellm", "{}", 1],
  ["llama-swap", "a: [", 1],
  ["caddy", "{}", 2],
  // Names that every JavaScript object has.
  ["constructor", "{}", 2],
  ["toString", "{}", 2],
])("%s of %s is refused with one line", async (kind, text, status) => {
  expect(await run(kind, text)).toBe(status);
  expect(said).toHaveLength(1);
  if (status === 2) {
    expect(said).toEqual(["migrate: it takes one of metrics, litellm, llama-swap"]);
  }
});
