import { parentPort, workerData } from "node:worker_threads";
import Database from "better-sqlite3";
import type { NumberedQuestion, ReportAnswer, ReportQuestion } from "./reports.ts";
import { requestsPage } from "./requests-page.ts";
import { changesPage } from "./upkeep/changes.ts";
import { UsageQueryError, usageReport } from "./usage-report.ts";

/** Answers reports over a connection of its own, so that the event loop never waits for a disk. */
const db = new Database(String(workerData), { readonly: true, timeout: 1000 });

function answer({ number, question }: NumberedQuestion): ReportAnswer {
  try {
    // One moment of the accounts for all statements of a report.
    return { number, found: db.transaction(() => find(question))() };
  } catch (error) {
    const fault = error instanceof Error ? error.message : String(error);
    return { number, fault, isRefused: error instanceof UsageQueryError };
  }
}

function find(question: ReportQuestion) {
  if (question.about === "usage") return usageReport(db, question.query);
  if (question.about === "requests") return requestsPage(db, question.query);
  return changesPage(db, question.query);
}

parentPort?.on("message", (asked: NumberedQuestion) => parentPort?.postMessage(answer(asked)));
