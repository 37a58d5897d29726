import { randomBytes } from "node:crypto";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createChildren } from "../children.ts";
import { ready } from "../contestant.ts";
import { freePort, loopback } from "../loopback.ts";

/** A line that a terminal showed, and when: milliseconds after the request was sent. */
export type ShownLine = { atMs: number; text: string };

const program = fileURLToPath(new URL("../../gateway/main.ts", import.meta.url));
const people = ["alice", "bob", "carol", "dan"];

/** Takes some two seconds at the echo's pace: places are told at most once a second. */
const long = "one two three four five six seven eight nine";

/** One slot, with an echo that takes its time, so that who comes fourth waits for three. */
const settings = { MAX_CONCURRENT: "1", ECHO_TOKENS_PER_SECOND: "6", LOG_LEVEL: "error" };

/**
 * What alice's terminal shows while bob, carol and dan are before her: a gateway of its own process
 * on a free port of 127.0.0.1, four people, one slot. Ends what it started, removes what it wrote.
 */
export async function recordWait(): Promise<ShownLine[]> {
  const folder = mkdtempSync(join(tmpdir(), "llm-gateway-picture-"));
  const children = createChildren();
  try {
    const keys = people.map((user) => [`sk-${randomBytes(16).toString("hex")}`, user] as const);
    const keyOf = new Map(keys.map(([key, user]) => [user, key]));
    writeFileSync(join(folder, "users.json"), JSON.stringify(Object.fromEntries(keys)));
    const port = await freePort();
    const log = join(folder, "gateway.log");
    const output = openSync(log, "w");
    const child = children.spawn(process.execPath, [program], {
      cwd: folder,
      output,
      env: {
        PATH: process.env.PATH ?? "",
        HOST: loopback,
        PORT: String(port),
        USERS_FILE: join(folder, "users.json"),
        DATABASE_FILE: join(folder, "gateway.db"),
        ...settings,
      },
    });
    closeSync(output);
    await ready(child, port, "/health", log);
    const ask = (user: string, content: string): Promise<ShownLine[]> =>
      streamed(port, keyOf.get(user) ?? "", content);
    // What has been answered before tells how long an answer takes.
    await ask("dan", long);
    const others: Promise<unknown>[] = [];
    for (const user of ["bob", "carol", "dan"]) {
      others.push(ask(user, long));
      // One after the other, as people do.
      await sleep(100);
    }
    const shown = await ask("alice", "Hello there, how are you?");
    await Promise.all(others);
    return shown;
  } finally {
    await children.endAll();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Sends one streaming chat and notes each line of the answer as it comes, blank ones left out. */
async function streamed(port: number, key: string, content: string): Promise<ShownLine[]> {
  const begun = performance.now();
  const answer = await fetch(`http://${loopback}:${port}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ stream: true, messages: [{ role: "user", content }] }),
  });
  if (answer.status !== 200 || answer.body === null) throw new Error(`status ${answer.status}`);
  const lines: ShownLine[] = [];
  let rest = "";
  for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    const atMs = performance.now() - begun;
    lines.push(...parts.filter((part) => part !== "").map((part) => ({ atMs, text: part })));
  }
  return lines;
}
