import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { nearestTo } from "../../kinds/did-you-mean.ts";
import { inspectDatabase } from "../../ledger/inspect-database.ts";
import { readLimitFields } from "../../limits/limit-fields.ts";
import { parseYaml } from "../../settings/parse-yaml.ts";
import { counted, type Finding, fail, ok, skip, warn } from "../../upstreams/inspect/finding.ts";
import { readUsersFile } from "../../users/edit-users-file.ts";
import { entryFields, parseEntry } from "../../users/entry.ts";
import { parseUsers } from "../../users/snapshot.ts";
import { fieldsOf } from "../../users/users-document.ts";
import type { Surroundings } from "../frame/surroundings.ts";

/** The users file: it exists, it can be parsed, and only the gateway can read it. */
export function checkUsers(file: string, hasApiKey: boolean, roles: readonly string[]): Finding[] {
  const about = "users";
  if (!existsSync(file)) {
    if (hasApiKey) return [ok(about, "There is no users file; API_KEY is the only key.")];
    const todo = "The gateway makes it, with a first key, when it starts.";
    return [warn(about, `There is no ${file}.`, todo)];
  }
  const read = countsOf(file);
  if (typeof read === "string") {
    const todo =
      "Fix the file. Until then the last valid version is used; after a restart nobody can log in.";
    return [fail(about, `${file}: ${read}`, todo)];
  }
  const findings = [
    read.keys === 0
      ? warn(about, "No user has a key.", "Add a user: users add NAME")
      : ok(about, `${counted(read.users, "user")}, ${counted(read.keys, "key")}`),
    ...mistyped(about, file),
    ...unknownRoles(about, file, roles),
    ...wrongLimits(about, file),
  ];
  if ((statSync(file).mode & 0o077) !== 0) {
    const says = "Other accounts of this machine can read the keys.";
    findings.push(warn(about, says, `chmod 600 ${file}`));
  }
  return findings;
}

/** How many users and keys the file has, or why it cannot be parsed. */
function countsOf(file: string): { users: number; keys: number } | string {
  try {
    const { users, keys } = parseUsers(readFileSync(file, "utf8"));
    return { users, keys };
  } catch (error) {
    return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
  }
}

/** Keys that sign for their people with a secret that the gateway does not have: each request is a 401. */
export function checkSecrets(file: string, env: Surroundings["env"]): Finding[] {
  if (!existsSync(file) || typeof countsOf(file) === "string") return [];
  return readUsersFile(file).flatMap((row) => {
    const { user, speaksFor } = parseEntry(fieldsOf(row), "");
    const name = speaksFor?.secretEnv ?? null;
    if (name === null || (env[name] ?? "").length >= 16) return [];
    const what = env[name] ? "is shorter than 16 characters" : "is not set";
    const says = `A key of ${user} signs its people with ${name}, which ${what}.`;
    const todo = `Set ${name} in .env, the same as in the program, and restart the gateway.`;
    return [fail("users", says, todo)];
  });
}

/** An unknown field is allowed; one that is spelled almost like a known field is a mistake. */
function mistyped(about: string, file: string): Finding[] {
  return readUsersFile(file).flatMap((row) => {
    const fields = fieldsOf(row);
    const unknown = Object.keys(fields).filter((name) => !entryFields.includes(name));
    return unknown.flatMap((name) => {
      const meant = nearestTo(name, entryFields, 2);
      if (meant === null) return [];
      const says = `An entry of ${fields.user} has the unknown field ${name}: did you mean ${meant}?`;
      return [warn(about, says, `Correct it in ${file}; no restart is needed.`)];
    });
  });
}

/** Wrong limits of users: the gateway leaves them out, and logs it when the user sends a request. */
function wrongLimits(about: string, file: string): Finding[] {
  const findings: Finding[] = [];
  // JSON is YAML, and this reader knows the place of everything.
  const { root } = parseYaml(readFileSync(file, "utf8"), file);
  for (const { written } of root?.members ?? []) {
    const member = (name: string) => written.members?.find((one) => one.name === name)?.written;
    const limits = member("limits");
    if (limits === undefined) continue;
    readLimitFields(limits, `limits of ${member("user")?.text}:`, (at, says) => {
      findings.push(warn(about, `${at}: ${says}`, `Correct it in ${file}; no restart is needed.`));
    });
  }
  return findings;
}

/** Roles that the settings do not know: they have no effect. */
function unknownRoles(about: string, file: string, roles: readonly string[]): Finding[] {
  const known = ["user", "admin", ...roles];
  const entries = readUsersFile(file).map((row) => parseEntry(fieldsOf(row), ""));
  const unknown = new Map(entries.map(({ user, role }) => [user, role]));
  return [...unknown].flatMap(([user, role]) => {
    if (known.includes(role)) return [];
    const says = `The role ${role} of ${user} has no effect; there are ${known.join(", ")}.`;
    return [warn(about, says, "Correct it, or add it to limits: roles: in config.yaml.")];
  });
}

/** The ledger: its folder can be written, its file or database is whole, its sums are right. */
export async function checkLedger(file: string, url: string | null): Promise<Finding[]> {
  const about = "ledger";
  const folder = dirname(file);
  if (!existsSync(folder)) {
    const todo = "The gateway makes it when it starts.";
    return [warn(about, `There is no folder ${folder}.`, todo)];
  }
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    const todo = `Give it to the gateway's user: chown -R ${process.getuid?.()} ${folder}`;
    return [fail(about, `The gateway cannot write to ${folder}.`, todo)];
  }
  const database = url === null ? checkDatabase(about, file) : await checkPostgres(about, url);
  return [database, checkDisk(folder)];
}

async function checkPostgres(about: string, url: string): Promise<Finding> {
  const { inspectPostgres } = await import("../../ledger/postgres/inspect-postgres.ts");
  const found = await inspectPostgres(url);
  if (found.state === "unusable") {
    const says = `The database of DATABASE_URL cannot be used: ${found.reason}.`;
    return fail(about, says, "Until then rows wait on this disk, and requests go on.");
  }
  const { server, rows, wrongSums } = found;
  if (rows === null) return skip(about, `${server} answers; the gateway makes the tables.`);
  const says = `${server} answers: ${counted(rows, "row")}`;
  if (wrongSums === 0) return ok(about, `${says}; its sums are right.`);
  const todo = "This is normal if old rows were removed. If not, restore the last pg_dump.";
  return warn(about, `${says}; ${wrongSums} of its sums differ from them.`, todo);
}

function checkDatabase(about: string, file: string): Finding {
  if (!existsSync(file)) return skip(about, `There is no ${file} yet; the gateway makes it.`);
  const found = inspectDatabase(file);
  switch (found.state) {
    case "unsuitable":
      return fail(about, found.reason, "See docs/operations.md, The ledger.");
    case "damaged": {
      const todo = "Stop the gateway and restore the last backup.";
      return fail(about, `It is damaged: ${found.reason}`, todo);
    }
    case "unreadable": {
      const todo = "Restore the last backup, or move the file away.";
      return fail(about, `It cannot be read: ${found.reason}`, todo);
    }
    case "whole":
      break;
  }
  if (found.wrongSums !== null && found.wrongSums > 0) {
    const todo = "See ledger check. ledger check --repair makes the sums from the rows.";
    return warn(about, `${found.wrongSums} of its sums differ from its rows.`, todo);
  }
  const size = `${Math.ceil(statSync(file).size / 1024)} KiB`;
  const sums =
    found.wrongSums === null ? "the next start brings it up to date" : "its sums are right";
  return ok(about, `It is whole: ${counted(found.rows, "row")}, ${size}; ${sums}.`);
}

function checkDisk(folder: string): Finding {
  const { bavail, bsize, blocks } = statfsSync(folder);
  const free = bavail * bsize;
  const says = `${(free / 2 ** 30).toFixed(1)} GiB free (${Math.round((100 * bavail) / blocks)} %)`;
  const todo = `Free some space on the disk of ${folder}.`;
  if (free < 100 * 2 ** 20) return fail("disk", says, todo);
  if (free < 2 ** 30) return warn("disk", says, todo);
  return ok("disk", says);
}
