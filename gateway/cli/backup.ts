import {
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { copyDatabase } from "../ledger/copy-database.ts";
import { pack } from "./backup/archive.ts";
import { keptFiles, lineOf, ofProcess, type Surroundings, stampOf } from "./backup/surroundings.ts";
import { version } from "./version.ts";

const HELP = `backup: keys, accounts and config.yaml in one file; the gateway may run on

  backup [FILE]    default: backups/ beside the ledger; - is standard output

It holds all of users.json: keep it as you keep that. .env is not in it, since it may hold the tunnel's
token; copy that apart. An ordinary tar.gz: tar -tzf FILE shows what is inside.`;

/** `backup [FILE]`: gives 0, 1 when it failed, 2 for a command line that cannot be meant. */
export async function backup(
  argv: string[],
  surroundings: Surroundings = ofProcess(),
): Promise<number> {
  const { out, say, cwd } = surroundings;
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      options: { help: { type: "boolean" } },
      allowPositionals: true,
    });
    if (values.help) {
      out(HELP);
      return 0;
    }
    if (positionals.length > 1) throw new Error("it takes one file");
    const [name] = positionals;
    const kept = keptFiles(surroundings);
    const file =
      name === undefined
        ? join(kept.folder, "backups", `llm-gateway-${stampOf(Date.now())}.tar.gz`)
        : name === "-"
          ? null
          : resolve(cwd, name);
    await write(kept, file);
    if (file !== null) {
      out(file);
      say(`backup: ${Math.ceil(statSync(file).size / 1024)} KiB`);
    }
    return 0;
  } catch (error) {
    say(`backup: ${lineOf(error)}`);
    return error instanceof TypeError ? 2 : 1;
  }
}

/** To `file`, which is whole or not there, for its owner only; null is standard output. */
async function write(kept: ReturnType<typeof keptFiles>, file: string | null): Promise<void> {
  if (!existsSync(kept.users) && !existsSync(kept.database)) {
    throw new Error(`there is nothing to keep: neither ${kept.users} nor ${kept.database}`);
  }
  const staging = mkdtempSync(join(kept.folder, ".backup-"));
  try {
    const files = [
      { name: "users.json", file: kept.users },
      { name: "config.yaml", file: kept.config },
    ].filter(({ file: path }) => existsSync(path));
    if (existsSync(kept.database)) {
      const copy = join(staging, "gateway.db");
      await copyDatabase(kept.database, copy);
      files.push({ name: "gateway.db", file: copy });
    }
    const manifest = { program: "llm-gateway", version: version(), made: new Date().toISOString() };
    if (file === null) return await pack(manifest, files, process.stdout);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const draft = `${file}.${process.pid}.draft`;
    try {
      await pack(manifest, files, createWriteStream(draft, { mode: 0o600, flush: true }));
      renameSync(draft, file);
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    }
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}
