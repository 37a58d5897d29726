import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createChildren, messageOf } from "./children.ts";
import { measure } from "./measure.ts";
import { startNginx } from "./start-nginx.ts";

const children = createChildren();
const folder = mkdtempSync(join(tmpdir(), "bench-test-"));
let mockPort = 0;
let mockPid = 0;
beforeAll(async () => {
  const mock = children.fork(new URL("./mock.ts", import.meta.url));
  mockPort = ((await messageOf(mock, 20_000)) as { port: number }).port;
  mockPid = mock.pid ?? 0;
});
afterAll(async () => {
  await children.endAll();
  rmSync(folder, { recursive: true });
});

test("the mock is measured without an error, and its CPU is seen", async () => {
  const who = { name: "mock", port: mockPort, key: "k", pid: mockPid, startMs: null };
  const row = await measure(children, who, { seconds: 0.5, mockPort, direct: true });
  expect(row.firstError).toBeNull();
  expect(row.requestsPerSecond).toBeGreaterThan(100);
  expect(row.chunksPerSecond).toBeGreaterThan(1000);
  expect(row.jsonCpuUs).toBeGreaterThan(0);
});

test("the mock takes a body in chunks, as some peers send it", async () => {
  const text = JSON.stringify({ model: "mock", max_tokens: 3, messages: [] });
  const body = new Blob([text.slice(0, 9), text.slice(9)]).stream();
  const asked = { method: "POST", body, duplex: "half" } as const;
  const answer = await fetch(`http://127.0.0.1:${mockPort}/v1/chat/completions`, asked);
  expect(await answer.json()).toMatchObject({ usage: { completion_tokens: 3 } });
});

test("nobody answering is a row of errors, not an endless wait", async () => {
  const who = { name: "nobody", port: 1, key: "k", pid: null, startMs: null };
  const row = await measure(children, who, { seconds: 0.2, mockPort, direct: true });
  expect(row.requestsPerSecond).toBe(0);
  expect(row.firstError).toContain("ECONNREFUSED");
});

test("nginx, where it is installed, ends with the bench", async () => {
  const nginx = await startNginx(children, join(folder, "nginx"), mockPort);
  if (nginx === null) return;
  await children.end(nginx.child);
  expect(nginx.child.exitCode ?? nginx.child.signalCode).not.toBeNull();
});
