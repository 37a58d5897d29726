import { readFileSync } from "node:fs";
import { join } from "node:path";
import express from "express";
import { Pool } from "undici";
import { openLedger } from "../gateway/ledger/ledger.ts";
import { loopback } from "./loopback.ts";

/**
 * The parts of the gateway with nothing of it: Express takes a request, undici sends it on, the
 * answer goes back. With a folder also the two promises that cost most: users.json there is read
 * for each request, and a row is committed before its answer ends. Arguments: port, the upstream's
 * port, the folder.
 */
const [port, upstreamPort, folder] = process.argv.slice(2);
const upstream = new Pool(`http://${loopback}:${upstreamPort}`, { pipelining: 1 });
const ledger = folder === undefined ? null : openLedger({ file: join(folder, "bare.db") });
let rows = 0;

async function account(): Promise<void> {
  if (ledger === null) return;
  const id = `row-${rows++}`;
  const known = { user: "bench", model: "bench", upstream: "mock", path: "/v1/chat/completions" };
  const times = { queueMs: 0, firstTokenMs: null, upstreamMs: 1, durationMs: 1 };
  const counts = {
    input: 8,
    output: 64,
    cached: null,
    reasoning: null,
    source: "reported",
  } as const;
  const opening = { id, requestId: id, ...known, dialect: "chat", streamed: false } as const;
  ledger.open({ ...opening, startedAt: Date.now() });
  const closing = { state: "done", status: 200, errorCode: null, upstreamId: null } as const;
  await ledger.close(id, { ...closing, ...times, usage: counts });
}

const app = express();
app.get("/health", (_request, response) => response.end());
app.use((request, response) => {
  if (folder !== undefined) readFileSync(join(folder, "users.json"));
  const body: Buffer[] = [];
  request.on("data", (bytes: Buffer) => body.push(bytes));
  request.on("end", () => {
    const headers = { "content-type": "application/json" };
    const sent = { path: request.url, method: "POST" as const, headers, body: Buffer.concat(body) };
    // Whoever has all bytes of a JSON answer has seen its end: it waits for its row.
    let kept: Buffer[] | null = null;
    upstream.dispatch(sent, {
      onRequestStart: () => {},
      onResponseStart: (_controller, status, answered) => {
        const { "content-type": type = "", "content-length": length } = answered;
        if (length !== undefined) response.setHeader("content-length", length);
        if (length !== undefined && ledger !== null) kept = [];
        response.writeHead(status, { "content-type": String(type) });
      },
      onResponseData: (_controller, bytes) => void (kept?.push(bytes) ?? response.write(bytes)),
      onResponseEnd: () => void account().then(() => response.end(kept && Buffer.concat(kept))),
      onResponseError: () => void response.destroy(),
    });
  });
});
app.listen(Number(port), loopback);
