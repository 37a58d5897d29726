import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

let cwd = "";
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "main-"));
});
afterEach(() => rmSync(cwd, { recursive: true }));

/** The real command line, with nothing of this process's environment but PATH. */
function main(argv: string[], env: Record<string, string> = {}) {
  const args = [join(import.meta.dirname, "main.ts"), ...argv];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd,
    env: { PATH: process.env.PATH ?? "", ...env },
    encoding: "utf8",
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

test("--version and --help answer and exit 0", () => {
  expect(main(["--version"])).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\./) });
  const help = main(["--help"]);
  expect(help.status).toBe(0);
  expect(help.stdout).toContain("--base-url");
  for (const name of ["serve", "users", "usage", "queue", "config", "doctor", "backup"]) {
    expect(help.stdout).toMatch(new RegExp(`^  ${name} +\\S`, "m"));
  }
  expect(main(["serve", "--help"]).stdout).toBe(help.stdout);
});

test("an unknown command is one line and exit 2, and not repeated", () => {
  const { status, stderr } = main(["sk-made-up"]);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^llm-gateway: no such command[^\n]*\n$/);
  expect(stderr).not.toContain("made-up");
});

test("flags without a command belong to serve", () => {
  const { status, stderr } = main(["--prot", "1"]);
  expect(status).toBe(2);
  expect(stderr).toBe("llm-gateway: --prot: no such flag (did you mean --port?); see --help\n");
});

test("a wrong setting stops the start with one line and no stack", () => {
  const { status, stdout, stderr } = main([], { PORT: "99999" });
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toMatch(/^llm-gateway: PORT=99999 \(environment\): must be [^\n]*\n$/);
});

test("a ledger that cannot open stops the start with one line", () => {
  mkdirSync(join(cwd, "ledger"));
  const { status, stderr } = main(["--port", "0"], { API_KEY: "made-up", DATABASE_FILE: "ledger" });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^llm-gateway: [^\n]*\n$/);
});

test("a port that is taken stops the start with one line", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  try {
    await new Promise((resolve) => taken.once("listening", resolve));
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const argv = ["--host", "127.0.0.1", "--port", String(port)];
    const { status, stderr } = main(argv, { API_KEY: "made-up", LOG_LEVEL: "silent" });
    expect(status).toBe(1);
    expect(stderr).toMatch(new RegExp(`^llm-gateway: [^\\n]*${port}[^\\n]*\\n$`));
  } finally {
    taken.close();
  }
});

test("users finds its file through the settings, .env included", () => {
  writeFileSync(join(cwd, "ours.json"), JSON.stringify({ "made-up-key-of-alice": "alice" }));
  writeFileSync(join(cwd, ".env"), "USERS_FILE=ours.json\n");
  expect(main(["users", "list"]).stdout).toContain("alice");
  // What a command does not need may be wrong; what it needs may not.
  expect(main(["users", "list"], { PORT: "x" }).stdout).toContain("alice");
  expect(main(["users", "--help"], { PORT: "x" }).status).toBe(0);
  writeFileSync(join(cwd, "config.yaml"), "users_file: [1]\n");
  writeFileSync(join(cwd, ".env"), "");
  expect(main(["users", "list"]).stderr).toMatch(/^users: [^\n]*users_file[^\n]*\n$/);
});
