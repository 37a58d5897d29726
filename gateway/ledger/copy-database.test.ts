import { expect, test } from "vitest";
import { connect, temporaryFile } from "../test/support/test-ledger.ts";
import { copyDatabase } from "./copy-database.ts";
import { openLedger } from "./ledger.ts";

// SQLite begins a copy anew after each change: under steady traffic it never ended.
test("a copy ends, and is one moment, while another connection writes all the time", async () => {
  const file = temporaryFile();
  await openLedger({ file }).shutdown();
  const db = connect(file);
  db.exec(`CREATE TABLE filler (text TEXT); INSERT INTO kept VALUES (0);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
    INSERT INTO filler SELECT hex(randomblob(1000)) FROM n`);
  let writes = 0;
  let isDone = false;
  const write = (): void => {
    if (isDone || writes === 20_000) return;
    db.exec("UPDATE kept SET rows_from = rows_from + 1");
    writes += 1;
    setImmediate(write);
  };
  write();
  const copy = `${file}.copy`;
  await copyDatabase(file, copy);
  isDone = true;
  expect(writes).toBeGreaterThan(10);
  expect(writes).toBeLessThan(20_000);
  const copied = connect(copy).prepare("SELECT DISTINCT rows_from FROM kept").all();
  expect(copied).toHaveLength(1);
});
