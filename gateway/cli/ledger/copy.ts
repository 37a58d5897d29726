import { loadSome } from "../../settings/load-settings.ts";
import { type Command, command } from "../frame/command.ts";
import { shownPath } from "../frame/shown-path.ts";
import { ledgerFileOptions } from "./ledger-file-option.ts";

/** `ledger copy`: from SQLite to PostgreSQL. */
export const copy: Command = command({
  name: "ledger copy",
  summary: "copies the ledger from its SQLite file to the PostgreSQL database of DATABASE_URL",
  operands: [],
  options: {
    ...ledgerFileOptions,
  },
  notes: `Gateways may run meanwhile. Every request that has ended is copied once, with the sums, also
of requests that are no longer in the file. Run it again to copy what came since.`,
  async run({ values }, { env, cwd, now, out, say }) {
    const argv = values.config === undefined ? [] : ["--config", values.config];
    const settings = loadSome(["databaseFile", "databaseUrl"], { argv, env, cwd });
    if (settings.databaseUrl === null) {
      throw new Error("set DATABASE_URL to the database that the ledger goes to");
    }
    const { copyLedger } = await import("../../ledger/postgres/copy-ledger.ts");
    const file = values["database-file"] ?? settings.databaseFile;
    const { rows, added, open, sums, changes } = await copyLedger({
      ...{ file, url: settings.databaseUrl, now: now() },
      onProgress: (count) => {
        if (count % 100_000 === 0) say(`${grouped(count)} requests`);
      },
    });
    out(`${grouped(rows)} requests in ${shownPath(file, cwd)}, ${grouped(added)} of them new`);
    if (sums !== null && sums > 0) {
      out(`${grouped(sums)} lines of sums without requests were copied too`);
    }
    if (changes > 0) out(`${grouped(changes)} changes by administrators were copied too`);
    if (open > 0) out(`${grouped(open)} requests run or wait: run this again when they have ended`);
  },
});

const grouped = (count: number): string => count.toLocaleString("en-US");
