import { expect, onTestFinished, test } from "vitest";
import { closing, opening, temporaryFile } from "../test/support/test-ledger.ts";
import { type Ledger, openLedger, type RowClosing, type RowOpening } from "./ledger.ts";

const noon = Date.UTC(2026, 10, 25, 12);

function start(): Ledger {
  const ledger = openLedger({ file: temporaryFile() });
  onTestFinished(() => ledger.shutdown());
  return ledger;
}

async function add(ledger: Ledger, change: Partial<RowOpening>, end: Partial<RowClosing> = {}) {
  const row = opening(change);
  ledger.open(row);
  await ledger.close(row.id, closing(end));
  return row;
}

test("a generation is found by our id, the request's, and the upstream's", async () => {
  const ledger = start();
  const row = await add(ledger, { requestId: "mine" }, { upstreamId: "gen-7", cost: 0.125 });
  const found = await ledger.find("alice", row.id);
  expect(found).toEqual({
    ...row,
    requestId: "mine",
    upstreamId: "gen-7",
    state: "done",
    status: 200,
    errorCode: null,
    queueMs: 3,
    firstTokenMs: 40,
    upstreamMs: 100,
    durationMs: 103,
    input: 10,
    output: 5,
    cached: 4,
    reasoning: null,
    usageSource: "reported",
    cost: 0.125,
  });
  expect(await ledger.find("alice", "mine")).toEqual(found);
  expect(await ledger.find("alice", "gen-7")).toEqual(found);
  expect(await ledger.find("alice", "gen-8")).toBeNull();
});

test("others' generations are found by nobody, whatever id they share", async () => {
  const ledger = start();
  const row = await add(ledger, { user: "bob", requestId: "same" }, { upstreamId: "same" });
  expect(await ledger.find("alice", row.id)).toBeNull();
  expect(await ledger.find("alice", "same")).toBeNull();
});

test("of several with one id the newest is found, also while it runs", async () => {
  const ledger = start();
  await add(ledger, { requestId: "again", startedAt: noon });
  const newest = opening({ requestId: "again", startedAt: noon + 5 });
  await add(ledger, { requestId: "again", startedAt: noon + 2 });
  ledger.open(newest);
  ledger.waits(newest.id);
  await new Promise((resolve) => setImmediate(resolve));
  expect(await ledger.find("alice", "again")).toMatchObject({
    id: newest.id,
    state: "open",
    cost: null,
  });
});

test("what a user spent is told from a UTC day on, and ever", async () => {
  const ledger = start();
  for (const [day, cost] of [
    [Date.UTC(2025, 0, 1), 1000],
    [Date.UTC(2026, 10, 22, 23, 59), 10],
    [Date.UTC(2026, 10, 23), 1],
    [Date.UTC(2026, 10, 25), 0.5],
  ] as const) {
    await add(ledger, { startedAt: day }, { cost });
  }
  await add(ledger, { user: "bob", startedAt: noon }, { cost: 7 });
  const spent = (since: number) => ledger.spent("alice", since);
  expect(await spent(0)).toEqual({ requests: 4, input: 40, output: 20, cost: 1011.5 });
  expect(await spent(Date.UTC(2026, 10, 23))).toMatchObject({ requests: 2, cost: 1.5 });
  // A day counts as a whole.
  expect(await spent(noon)).toEqual({ requests: 1, input: 10, output: 5, cost: 0.5 });
  expect(await spent(noon + 86_400_000)).toEqual({ requests: 0, input: 0, output: 0, cost: 0 });
});
