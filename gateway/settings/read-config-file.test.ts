import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type LoadedSettings, loadSettings } from "./load-settings.ts";

let cwd = "";
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "config-file-"));
  mkdirSync(join(cwd, "data"));
});
afterEach(() => rmSync(cwd, { recursive: true }));

function load(env: Record<string, string> = {}, argv: string[] = []): LoadedSettings {
  return loadSettings({ argv, env, cwd });
}

function write(file: string, text: string): void {
  writeFileSync(join(cwd, file), text);
}

test("--config wins over CONFIG_FILE, that over data/config.yaml, that over config.yaml", () => {
  for (const [at, file] of ["config.yaml", "data/config.yaml", "env.yaml", "flag.yaml"].entries()) {
    write(file, `port: ${at + 1}\n`);
  }
  const env = { CONFIG_FILE: "env.yaml" };
  expect(load(env, ["--config", "flag.yaml"]).settings.port).toBe(4);
  expect(load(env).settings.port).toBe(3);
  expect(load().settings.port).toBe(2);
  rmSync(join(cwd, "data/config.yaml"));
  expect(load()).toMatchObject({ settings: { port: 1 }, configFile: "config.yaml" });
  write(".env", `CONFIG_FILE=${join(cwd, "env.yaml")}\n`);
  expect(load().settings.port).toBe(3);
});

test("a named file that is missing, or a directory, stops the start", () => {
  const missing = "gone.yaml: there is no such config file; give the path of a YAML file";
  expect(() => load({}, ["--config", "gone.yaml"])).toThrow(missing);
  expect(() => load({ CONFIG_FILE: "gone.yaml" })).toThrow(missing);
  expect(() => load({ CONFIG_FILE: "data" })).toThrow("data: cannot be read (EISDIR)");
});

test("an unknown key is told with its place and the nearest name", () => {
  write("config.yaml", "# ours\nport: 1\nmax_queu: 3\n");
  expect(() => load()).toThrow(
    "config.yaml line 3, column 1: no setting max_queu (did you mean max_queue?)",
  );
  write("config.yaml", "port: 1\nPORT: 3\n");
  expect(() => load()).toThrow("line 2, column 1: no setting PORT (did you mean port?)");
  write("config.yaml", "weather: fine\n");
  expect(() => load()).toThrow(/no setting weather$/);
});

test.each([
  [
    "port: 1\n  host: x\n",
    /^config\.yaml line 1, column \d+: not valid YAML \([a-z ]+\); text with/,
  ],
  ["port: 'x\n", /^config\.yaml line \d+, column \d+: not valid YAML \([a-z ]+\)$/],
  ["port: 1\nport: 2\n", /^config\.yaml line 2, column 1: not valid YAML \(duplicate key\)$/],
  ["port: 1\n---\nport: 2\n", /^config\.yaml line 2, column 1: not valid YAML \(multiple docs\)$/],
  ["- port: 1\n", /^config\.yaml: write each setting on a line as "key: value", without the "-"/],
  ["port\n", /^config\.yaml: write each setting on a line as "key: value"$/],
  [
    "cors_origins: *\n",
    /column 15: not valid YAML \(bad alias\); text that begins with \* .*quotes$/,
  ],
  ["api_user: @bob\n", /column 11: not valid YAML \(.*\); text that begins with this .*quotes$/],
  ["upstreams:\n\tgpu: x\n", /line 2, column 1: not valid YAML \(.*\); indent with spaces$/],
  ["port: [1]\n", /^config\.yaml line 1, column 1: port must be a single value$/],
  ["port: {a: 1}\n", /port must be a single value$/],
  ["? [port]\n: 1\n", /^config\.yaml line 1, column 3: no setting/],
  ["port: *gone\n", /^config\.yaml line 1, .* text that begins with \* needs quotes$/],
])("%j is one line with its place", (text, line) => {
  write("config.yaml", text);
  let message = "";
  try {
    load();
  } catch (error) {
    message = error instanceof Error ? error.message : "";
  }
  expect(message).toMatch(line);
  expect(message).not.toContain("\n");
});

test.each(["", "\n", "# nothing\n", "---\n", "{}\n", "\uFEFFport: 8000\n"])(
  "%j changes nothing",
  (text) => {
    write("config.yaml", text);
    expect(load().settings.port).toBe(8000);
  },
);

test("a file in UTF-16, as Windows writes it, is read", () => {
  writeFileSync(join(cwd, "config.yaml"), Buffer.from("\uFEFFmax_queue: 5\r\n", "utf16le"));
  expect(load().settings.maxQueue).toBe(5);
});

test("values count as they are written: a key of digits keeps its zeros", () => {
  write(
    "config.yaml",
    "api_key: 00123\nmax_queue: false\nhost: ::1\nconnect_timeout: &t 20s\nbody_timeout: *t\n",
  );
  expect(load().settings).toMatchObject({
    apiKey: "00123",
    maxQueue: null,
    host: "::1",
    connectTimeoutMs: 20_000,
    bodyTimeoutMs: 20_000,
  });
});
