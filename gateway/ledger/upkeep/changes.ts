import type Database from "better-sqlite3";
import { difference } from "../../kinds/difference.ts";

/** Something that an administrator changed. It holds no key. */
export type AdminChange = {
  /** Epoch ms. */
  readonly at: number;
  /** A user's name, or in brackets what else made the change: `(invite)`, `(start)`, `(shell) root`. */
  readonly who: string;
  /** `user.change`, `queue.pause` … */
  readonly action: string;
  /** What was changed: a user's name, the id of a request; "" if the action says it. */
  readonly subject: string;
  /** What can be JSON; null: it did not exist. */
  readonly before: unknown;
  readonly after: unknown;
};

/** One line of the list of changes, in the names of the API. */
export type ChangeLine = {
  /** ISO 8601. */
  at: string;
  who: string;
  action: string;
  subject: string;
  before: unknown;
  after: unknown;
};

export type ChangesQuery = {
  readonly limit: number;
  /** Lines before this number; null: the newest. */
  readonly before: number | null;
};

export type ChangesPage = {
  readonly lines: readonly ChangeLine[];
  /** The `before` of the next page; null if there is none. */
  readonly next: number | null;
};

/** The newest lines stay, so that a program that runs wild cannot fill the disk. */
export const mostLines = 50_000;

/** Characters of `before` and `after`, and of the names. */
const [longest, longestName] = [8_192, 256];

/** Adds changes to the list, in one transaction. */
export function writeChanges(db: Database.Database, changes: readonly AdminChange[]): void {
  const insert = db.prepare(
    "INSERT INTO changes (at, who, action, subject, before, after) VALUES (?, ?, ?, ?, ?, ?)",
  );
  db.transaction(() => {
    for (const change of changes) insert.run(...valuesOf(change));
    db.prepare("DELETE FROM changes WHERE number <= (SELECT max(number) FROM changes) - ?").run(
      mostLines,
    );
  }).immediate();
}

type Value = string | number | null;

/** In the order of the columns: at, who, action, subject, before, after. */
export const valuesOf = (change: AdminChange): [number, string, string, string, Value, Value] => [
  Math.round(change.at),
  change.who.slice(0, longestName),
  change.action,
  change.subject.slice(0, longestName),
  jsonOf(change.before),
  jsonOf(change.after),
];

function jsonOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  const text = JSON.stringify(value);
  return text.length <= longest ? text : JSON.stringify({ too_long: text.length });
}

/** A line as it is in the database. */
export type FoundChange = Omit<ChangeLine, "at" | "before" | "after"> & {
  number: number;
  at: number;
  before: string | null;
  after: string | null;
};

/** The changes, the newest first. */
export function changesPage(db: Database.Database, { limit, before }: ChangesQuery): ChangesPage {
  const found = db
    .prepare<[number, number], FoundChange>(
      `SELECT number, at, who, action, subject, before, after FROM changes WHERE number < ?
       ORDER BY number DESC LIMIT ?`,
    )
    .all(before ?? Number.MAX_SAFE_INTEGER, limit + 1);
  return changesOf(found, limit);
}

/** The page of lines of which there may be one more than asked. */
export function changesOf(found: readonly FoundChange[], limit: number): ChangesPage {
  const shown = found.slice(0, limit);
  return {
    lines: shown.map(({ number: _, at, before: was, after: is, ...line }) => ({
      at: new Date(at).toISOString(),
      ...line,
      before: was === null ? null : JSON.parse(was),
      after: is === null ? null : JSON.parse(is),
    })),
    next: found.length > limit ? (shown.at(-1)?.number ?? null) : null,
  };
}

/** The values of the settings by their names, without secrets. */
export type NotedSettings = Readonly<Record<string, unknown>>;

/**
 * Compares the settings with those of the last start, and remembers them.
 * @returns what is different, or null: nothing, or this is the first start
 */
export function noteSettings(
  db: Database.Database,
  settings: NotedSettings,
): Pick<AdminChange, "before" | "after"> | null {
  const written = db
    .prepare<[], string>("SELECT value FROM noted WHERE name = 'settings'")
    .pluck()
    .get();
  const now = JSON.stringify(settings);
  if (written === now) return null;
  db.prepare(
    `INSERT INTO noted VALUES ('settings', ?)
     ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
  ).run(now);
  return written === undefined ? null : difference(JSON.parse(written), JSON.parse(now));
}
