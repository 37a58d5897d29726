import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createChildren } from "./children.ts";
import { ready } from "./contestant.ts";
import { freePort, loopback } from "./loopback.ts";
import { machine } from "./machine.ts";
import { cpuSeconds, residentMb } from "./process-cost.ts";

/**
 * What it costs a gateway to keep people waiting: `node bench/waiting-streams.ts [streams]`, 5 000
 * by default, on one slot. Memory for each stream, and CPU while the line moves once a second. Both
 * this process and the gateway hold a file descriptor for each: `ulimit -n` must be above that.
 */
const streams = Number(process.argv[2] ?? 5000);
const users = 20;
const restMs = 3_000;
/** Within it the collector is done with what opening thousands of streams has left behind. */
const settleMs = 12_000;
const windowMs = 30_000;

const program = fileURLToPath(new URL("../gateway/main.ts", import.meta.url));
const keys = Array.from({ length: users }, () => `sk-${randomBytes(16).toString("hex")}`);

/** Answers one generation a second, so that the line moves as often. */
const upstream = createServer((request, response) => {
  request.resume().on("end", () => {
    response.setHeader("content-type", "application/json");
    if (request.method === "GET") response.end('{"object":"list","data":[{"id":"mock"}]}');
    else setTimeout(() => response.end('{"choices":[]}'), 1_000);
  });
});

/** Opens a stream and waits for the first bytes of its wait; counts all that comes. */
function open(port: number, index: number, count: (bytes: number) => void): Promise<Socket> {
  const body = JSON.stringify({
    model: "mock",
    stream: true,
    messages: [{ role: "user", content: "hello" }],
  });
  const socket = connect(port, loopback);
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: ${loopback}\r\nContent-Type: application/json\r\n` +
      `Authorization: Bearer ${keys[index % users]}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  return new Promise((resolve, reject) => {
    socket.on("data", (bytes) => {
      count(bytes.length);
      resolve(socket);
    });
    socket.once("error", reject);
  });
}

async function startGateway(
  children: ReturnType<typeof createChildren>,
  folder: string,
  upstreamPort: number,
): Promise<{ port: number; pid: number }> {
  mkdirSync(folder, { recursive: true });
  const usersFile = join(folder, "users.json");
  const entries = keys.map((key, index) => [key, `user-${index}`]);
  writeFileSync(usersFile, JSON.stringify(Object.fromEntries(entries)), { mode: 0o600 });
  const port = await freePort();
  const log = join(folder, "gateway.log");
  const child = children.spawn(process.execPath, [program], {
    cwd: folder,
    output: openSync(log, "w"),
    env: {
      PATH: process.env.PATH ?? "",
      HOST: loopback,
      PORT: String(port),
      UPSTREAM_URL: `http://${loopback}:${upstreamPort}`,
      UPSTREAM_TYPE: "openai",
      USERS_FILE: usersFile,
      DATABASE_FILE: join(folder, "gateway.db"),
      MAX_CONCURRENT: "1",
      MAX_QUEUE: "off",
      MAX_CONNECTIONS_PER_ADDRESS: "off",
      LOG_LEVEL: "info",
    },
  });
  await ready(child, port, "/health", log);
  return { port, pid: child.pid ?? 0 };
}

type Line = { waiting: number; active: number };

async function lineOf(port: number): Promise<Line> {
  const response = await fetch(`http://${loopback}:${port}/health`);
  return ((await response.json()) as { line: Line }).line;
}

async function measure(port: number, pid: number): Promise<string[]> {
  let bytes = 0;
  const count = (more: number): void => {
    bytes += more;
  };
  // What is loaded and compiled at the first stream is no stream's cost.
  const first = await Promise.all(Array.from({ length: 50 }, (_, i) => open(port, i, count)));
  await sleep(restMs);
  const emptyMb = residentMb(pid);
  const began = performance.now();
  const sockets = [...first];
  while (sockets.length < streams) {
    const batch = Math.min(50, streams - sockets.length);
    const more = Array.from({ length: batch }, (_, i) => open(port, sockets.length + i, count));
    sockets.push(...(await Promise.all(more)));
  }
  const openedMs = performance.now() - began;
  await sleep(restMs);
  const fullMb = residentMb(pid);
  await sleep(settleMs);
  const before = { line: await lineOf(port), cpu: cpuSeconds(pid), bytes, at: performance.now() };
  await sleep(windowMs);
  const seconds = (performance.now() - before.at) / 1000;
  const cpu = (cpuSeconds(pid) - before.cpu) / seconds;
  const after = await lineOf(port);
  const kb = ((fullMb - emptyMb) * 1024) / (sockets.length - first.length);
  for (const socket of sockets) socket.destroy();
  return [
    "| Measure | Goal | Measured |",
    "| --- | --- | --- |",
    `| streams that wait | ${streams} | ${after.waiting} |`,
    `| memory for each | < 50 kB | ${kb.toFixed(1)} kB |`,
    `| memory of the process, before and then | | ${emptyMb.toFixed(0)} MB, ${fullMb.toFixed(0)} MB |`,
    `| movements of the line a second | 1 | ${((before.line.waiting - after.waiting) / seconds).toFixed(2)} |`,
    `| CPU, part of one core | < 5 % | ${(cpu * 100).toFixed(1)} % |`,
    `| bytes told to each a second | | ${((bytes - before.bytes) / seconds / after.waiting).toFixed(0)} |`,
    `| joining, each | | ${(openedMs / (streams - first.length)).toFixed(2)} ms |`,
  ];
}

const folder = mkdtempSync(join(tmpdir(), "llm-gateway-waiting-"));
const children = createChildren();
try {
  await new Promise<void>((resolve) => upstream.listen(0, loopback, resolve));
  const address = upstream.address();
  const upstreamPort = typeof address === "object" ? (address?.port ?? 0) : 0;
  const { port, pid } = await startGateway(children, folder, upstreamPort);
  const lines = await measure(port, pid);
  process.stdout.write(`${[machine(new Date()), "", ...lines].join("\n")}\n`);
} finally {
  await children.endAll();
  upstream.closeAllConnections();
  upstream.close();
  rmSync(folder, { recursive: true, force: true });
}
