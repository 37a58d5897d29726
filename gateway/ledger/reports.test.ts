import { expect, onTestFinished, test } from "vitest";
import { connect, temporaryFile } from "../test/support/test-ledger.ts";
import { openLedger } from "./ledger.ts";
import { createReports } from "./reports.ts";

const query = {
  ...{ from: 0, to: Date.UTC(2027, 0, 1), groups: ["user" as const], user: null },
  ...{ timeZone: "UTC", now: Date.UTC(2026, 11, 1) },
};

function openedLedger() {
  const file = temporaryFile();
  const ledger = openLedger({ file });
  onTestFinished(() => ledger.shutdown());
  return { file, ledger };
}

test("an empty ledger gives a report without lines", async () => {
  const { ledger } = openedLedger();
  const report = await ledger.reports.usage(query);
  expect(report).toMatchObject({ lines: [], total: { requests: 0, cost: null } });
  const page = await ledger.reports.requests({ user: "alice", limit: 10, before: null });
  expect(page).toEqual({ lines: [], next: null });
});

test("a locked ledger is a 503 that says when to try again, and then works again", async () => {
  const { file, ledger } = openedLedger();
  const locker = connect(file);
  // Without a log file readers and writers exclude each other.
  await ledger.shutdown();
  locker.pragma("journal_mode = DELETE");
  locker.exec("BEGIN EXCLUSIVE");
  const reports = createReports(file);
  onTestFinished(() => reports.close());
  await expect(reports.usage(query)).rejects.toMatchObject({
    code: "ledger_busy",
    status: 503,
    headers: { "retry-after": "5" },
  });
  locker.exec("COMMIT");
  expect(await reports.usage(query)).toMatchObject({ lines: [] });
});

test("a report that takes too long is given up, and the next one gets a new reader", async () => {
  const { file } = openedLedger();
  const reports = createReports(file, 0);
  onTestFinished(() => reports.close());
  await expect(reports.usage(query)).rejects.toMatchObject({ code: "ledger_busy" });
  await expect(reports.usage(query)).rejects.toMatchObject({ code: "ledger_busy" });
});
