import { expect, test } from "vitest";
import { closing, connect, opening, rowOf, temporaryFile } from "../test/support/test-ledger.ts";
import { openLedger } from "./ledger.ts";
import { createOpenMark } from "./open-mark.ts";
import type { Row } from "./row.ts";
import { verify } from "./verify.ts";

const row = (number: number, stored: boolean): Row => ({
  opening: opening(),
  closing: null,
  queued: false,
  stored,
  number,
});

test("the mark is the lowest open row, and set once in many rows, when none is in between", () => {
  const marks: (number | null)[] = [];
  const running = new Map<string, Row>();
  const { committed } = createOpenMark((number) => marks.push(number), running);
  committed(1_999, 0);
  expect(marks).toEqual([]);
  committed(1, 1);
  expect(marks).toEqual([]);
  committed(1, 0);
  expect(marks).toEqual([null]);
  running.set("a", row(0, false)).set("b", row(8, true)).set("c", row(7, true));
  committed(2_000, 0);
  expect(marks).toEqual([null, 7]);
});

test("a row that stays open over thousands of others is closed by the start after a crash", async () => {
  const file = temporaryFile();
  const ledger = openLedger({ file });
  const db = connect(file);
  const old = opening();
  const young = opening();
  ledger.open(old);
  ledger.waits(old.id);
  const others = Array.from({ length: 6_000 }, () => opening());
  for (const other of others) ledger.open(other);
  await Promise.all(others.map(({ id }) => ledger.close(id, closing())));
  ledger.open(young);
  ledger.waits(young.id);
  await new Promise((resolve) => setImmediate(resolve));
  const from = "SELECT open_from FROM instances";
  expect(db.prepare(from).pluck().get()).toBe(rowOf(db, old.id)?.number);
  // As a crash leaves it: two rows open, and nobody who holds the instance's lock.
  await ledger.shutdown();
  db.exec("UPDATE instances SET ended_at = NULL");
  const next = openLedger({ file });
  expect(rowOf(db, old.id)).toMatchObject({ state: "interrupted" });
  expect(rowOf(db, young.id)).toMatchObject({ state: "interrupted" });
  expect(verify(db)).toEqual([]);
  const looked = db.prepare("SELECT id, settled, open_from FROM instances").all();
  expect(looked).toMatchObject([{ settled: 1 }, { settled: 0, open_from: 6_003 }]);
  await next.shutdown();
});
