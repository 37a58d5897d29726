import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { unsuitable } from "../../ledger/migrations.ts";
import { verify } from "../../ledger/verify.ts";
import { nearestTo } from "../../settings/did-you-mean.ts";
import { readUsersFile } from "../../users/edit-users-file.ts";
import { entryFields } from "../../users/entry.ts";
import { fieldsOf } from "../../users/users-document.ts";
import { counted, type Finding, fail, ok, skip, warn } from "./finding.ts";
import { readSnapshot } from "./read-snapshot.ts";

/** The users file: there, readable for the gateway alone, whole. */
export function checkUsers(file: string, hasApiKey: boolean): Finding[] {
  const about = "users";
  if (!existsSync(file)) {
    if (hasApiKey) return [ok(about, "no users file; the one key is API_KEY")];
    return [
      warn(about, `there is no ${file}`, "The gateway makes it, with a first key, when it starts."),
    ];
  }
  const read = readSnapshot(() => readFileSync(file, "utf8"));
  if (typeof read === "string") {
    return [
      fail(
        about,
        `${file}: ${read}`,
        "Correct it; until then the last good one is in force, after a start nobody's.",
      ),
    ];
  }
  const findings = [
    read.keys === 0
      ? warn(about, "nobody may use the gateway", "Add somebody: users add NAME")
      : ok(about, `${counted(read.users, "user")}, ${counted(read.keys, "key")}`),
  ];
  findings.push(...mistyped(about, file));
  if ((statSync(file).mode & 0o077) !== 0) {
    findings.push(
      warn(about, "other accounts of this machine can read the keys", `chmod 600 ${file}`),
    );
  }
  if (existsSync(join(dirname(file), "first-key"))) {
    findings.push(
      warn(
        about,
        "the first key still lies in data/first-key",
        "Take it (./gateway.sh key; without Docker, cat it), then delete that file.",
      ),
    );
  }
  return findings;
}

/** Fields that nobody knows are left alone; one that is nearly a known one is hardly meant so. */
function mistyped(about: string, file: string): Finding[] {
  return readUsersFile(file).flatMap((row) => {
    const fields = fieldsOf(row);
    const unknown = Object.keys(fields).filter((name) => !entryFields.includes(name));
    return unknown.flatMap((name) => {
      const meant = nearestTo(name, entryFields, 2);
      if (meant === null) return [];
      const says = `an entry of ${fields.user} has ${name}, which is no field: did you mean ${meant}?`;
      return [warn(about, says, `Correct it in ${file}; it counts at once.`)];
    });
  });
}

/** The ledger: its file whole, its sums right, its disk not full. */
export function checkLedger(file: string): Finding[] {
  const about = "ledger";
  const folder = dirname(file);
  if (!existsSync(folder))
    return [warn(about, `there is no ${folder}`, "The gateway makes it when it starts.")];
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    const todo = `Give it to the gateway's user: chown -R ${process.getuid?.()} ${folder}`;
    return [fail(about, `${folder} cannot be written`, todo)];
  }
  return [...checkDatabase(about, file), checkDisk(folder)];
}

function checkDatabase(about: string, file: string): Finding[] {
  if (!existsSync(file)) return [skip(about, `there is no ${file} yet; the gateway makes it`)];
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { readonly: true });
    const reason = unsuitable(db);
    if (reason !== null) return [fail(about, reason, "See docs/operations.md, The ledger.")];
    const verdict = String(db.pragma("quick_check", { simple: true }));
    if (verdict !== "ok") {
      return [
        fail(about, `it is damaged: ${verdict}`, "Stop the gateway and restore the last backup."),
      ];
    }
    const rows = Number(db.prepare("SELECT count(*) FROM generations").pluck().get());
    // One moment of both, or what closes in between looks like a fault.
    const faults = db.transaction((open: Database.Database) => verify(open))(db);
    // Totals of another gateway have no rows.
    const wrong = faults.filter((line) => !line.includes('"(imported)"'));
    const size = `${Math.ceil(statSync(file).size / 1024)} KiB`;
    if (wrong.length === 0)
      return [ok(about, `whole; ${counted(rows, "row")}, ${size}; its sums are right`)];
    return [
      warn(
        about,
        `${wrong.length} of its sums differ from its rows`,
        "Normal where old rows were removed; else restore a backup.",
      ),
    ];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [
      fail(
        about,
        `it cannot be read: ${reason}`,
        "Restore the last backup, or move the file away.",
      ),
    ];
  } finally {
    db?.close();
  }
}

function checkDisk(folder: string): Finding {
  const { bavail, bsize, blocks } = statfsSync(folder);
  const free = bavail * bsize;
  const says = `${(free / 2 ** 30).toFixed(1)} GiB free (${Math.round((100 * bavail) / blocks)} %)`;
  if (free < 100 * 2 ** 20) return fail("disk", says, `Free some space where ${folder} is.`);
  if (free < 2 ** 30) return warn("disk", says, `Free some space where ${folder} is.`);
  return ok("disk", says);
}
