import { expect, test } from "vitest";
import { faultsOf, loadConfig } from "../test/support/test-config.ts";

test.each([
  ["LEDGER_KEEP_DAYS", "2", /must be a whole number of days from 3 to 36600, or off; .*=400$/],
  ["LEDGER_KEEP_DAYS", "30d", /must be a whole number of days/],
  ["BACKUP_DAILY", "7", /must be a time of day such as 04:00, or on \(04:00\), or off; .*=04:00$/],
  ["BACKUP_DAILY", "24:00", /must be a time of day/],
  ["BACKUP_DAILY", "4:5", /must be a time of day/],
  ["BACKUP_KEEP", "0", /must be a whole number from 1 to 1000; .*=7$/],
])("%s=%s stops the start with one line that says what is right", (name, value, says) => {
  const faults = faultsOf("", { [name]: value });
  expect(faults).toHaveLength(1);
  expect(faults[0]).toMatch(says);
  expect(faults[0]?.startsWith(`${name}=${value} (environment): `)).toBe(true);
});

test.each([
  ["off", null],
  ["on", 240],
  ["true", 240],
  ["0:00", 0],
  ["04:00", 240],
  ["23:59", 1439],
])("BACKUP_DAILY=%s is minute %s of the day", (value, minute) => {
  expect(loadConfig("", { BACKUP_DAILY: value }).settings.backupDaily).toBe(minute);
});

test("config.yaml takes them without quotes", () => {
  const { settings } = loadConfig("backup_daily: 04:30\nbackup_keep: 3\nledger_keep_days: 90\n");
  expect(settings).toMatchObject({ backupDaily: 270, backupKeep: 3, ledgerKeepDays: 90 });
  expect(loadConfig("backup_daily: on\n").settings.backupDaily).toBe(240);
  expect(loadConfig("backup_daily: off\n").settings.backupDaily).toBeNull();
});
