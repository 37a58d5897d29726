import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startWorker } from "./worker-process.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "llm-gateway-test-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function start(program: string) {
  const entry = join(dir, "worker.mjs");
  writeFileSync(entry, program);
  const begin = { settings: {}, version: "0", path: "", port: 0, publicPort: null, share: 2 };
  return startWorker(entry, begin, () => {});
}

it("that ends before it serves is told in one line", async () => {
  await expect(start("process.exit(3)").serving).rejects.toThrow(
    /^a worker process ended before it could serve \(exit code 3\)$/,
  );
});

it("that cannot start says why", async () => {
  const program = `process.send({ failed: "cannot listen" }, () => process.exit(1))`;
  const { serving, ended } = start(program);
  await expect(serving).rejects.toThrow(/^cannot listen$/);
  expect(await ended).toBe("exit code 1");
});

it("that does not end by itself is ended", async () => {
  const { serving, ended, stop } = start(
    `process.on("message", () => {}); process.send({ loaded: true }); process.send({ serves: true });`,
  );
  await serving;
  await stop(0);
  expect(await ended).toBe("SIGKILL");
}, 15_000);
