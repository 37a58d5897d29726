import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { closing, connect, opening, temporaryFile } from "../test/support/test-ledger.ts";
import { openLedger } from "./ledger.ts";
import { verify } from "./verify.ts";

/** Opens and closes rows without end; prints an id once its close has resolved. */
const traffic = `
  const { openLedger } = await import(${JSON.stringify(new URL("./ledger.ts", import.meta.url))});
  const [file, opening, closing] = process.argv.slice(1);
  const ledger = openLedger({ file });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  async function one() {
    const id = crypto.randomUUID();
    ledger.open({ ...JSON.parse(opening), id });
    for (let wait = Math.random() * 4; wait > 0; wait--) await turn();
    await ledger.close(id, JSON.parse(closing));
    process.stdout.write(id + "\\n");
  }
  async function client() { for (;;) await one(); }
  for (let i = 0; i < 16; i++) client();
`;

/** Runs the traffic and kills it; answers the ids whose end was seen. */
async function killedTraffic(file: string, afterMs: number): Promise<string[]> {
  const args = ["--input-type=module", "-e", traffic, file];
  args.push(JSON.stringify(opening()), JSON.stringify(closing()));
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let seen = "";
  child.stdout.on("data", (text) => {
    if (seen === "") setTimeout(() => child.kill("SIGKILL"), afterMs);
    seen += text;
  });
  await new Promise((resolve) => child.on("close", resolve));
  // The last line may be cut in two.
  return seen.split("\n").slice(0, -1);
}

test("kill -9 loses nothing that was seen to end, and the next start closes the rest", async () => {
  const file = temporaryFile();
  const seen: string[] = [];
  for (let round = 0; round < 3; round++) {
    seen.push(...(await killedTraffic(file, 50 + Math.random() * 400)));
  }
  expect(seen.length).toBeGreaterThan(0);
  const ledger = openLedger({ file });
  const db = connect(file);
  const done = db.prepare("SELECT id FROM generations WHERE state = 'done'").pluck().all();
  const isDone = new Set(done);
  expect(seen.filter((id) => !isDone.has(id))).toEqual([]);
  const twice = "SELECT id FROM generations GROUP BY id HAVING count(*) > 1";
  expect(db.prepare(twice).all()).toEqual([]);
  const states = db.prepare("SELECT DISTINCT state FROM generations").pluck().all();
  expect(new Set(states).isSubsetOf(new Set(["done", "interrupted"]))).toBe(true);
  expect(verify(db)).toEqual([]);
  const [alice] = await ledger.totals();
  expect(alice?.requests).toBe(db.prepare("SELECT count(*) FROM generations").pluck().get());
  await ledger.shutdown();
  const left = readdirSync(dirname(file)).filter((name) => name.includes("-instance-"));
  expect(left).toEqual([]);
});
