import { statSync } from "node:fs";
import { expect, onTestFinished, test, vi } from "vitest";
import { connect, temporaryFile } from "../test/support/test-ledger.ts";
import { createCheckpoints } from "./checkpoints.ts";
import { migrate } from "./migrations.ts";

test("after so many rows the log is copied and begins anew; closing leaves it empty", async () => {
  const file = temporaryFile();
  const db = connect(file);
  db.pragma("journal_mode = WAL");
  db.pragma("wal_autocheckpoint = 0");
  migrate(db);
  db.exec("CREATE TABLE filler (text TEXT)");
  const fill = (): void => {
    db.prepare("INSERT INTO filler VALUES (?)").run("x".repeat(1_000_000));
  };
  const said: string[] = [];
  const checkpoints = createCheckpoints(
    { file, keepsSums: true },
    (message) => said.push(message),
    100,
  );
  onTestFinished(() => checkpoints.close());
  fill();
  checkpoints.committed(99);
  expect(statSync(file).size).toBeLessThan(1_000_000);
  checkpoints.committed(1);
  await vi.waitFor(() => expect(statSync(file).size).toBeGreaterThan(1_000_000), 10_000);
  const log = statSync(`${file}-wal`).size;
  await vi.waitFor(() => {
    fill();
    expect(statSync(`${file}-wal`).size).toBeLessThan(2 * log);
  }, 10_000);
  await checkpoints.close();
  expect(statSync(`${file}-wal`).size).toBe(0);
  expect(said).toEqual([]);
});
