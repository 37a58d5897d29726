import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { importTotals } from "../ledger/import-totals.ts";
import { loadSettings } from "../settings/load-settings.ts";
import { SettingsError } from "../settings/settings-error.ts";
import { editUsersFile } from "../users/edit-users-file.ts";
import { digestOfRow, rowOf } from "../users/users-document.ts";
import { keptFiles, lineOf, ofProcess, type Surroundings } from "./backup/surroundings.ts";
import type { ForeignKey } from "./migrate/foreign.ts";
import { readOriginalTotals } from "./migrate/original-totals.ts";
import { readLiteLlm } from "./migrate/read-litellm.ts";
import { readLlamaSwap } from "./migrate/read-llama-swap.ts";
import { writeConfig } from "./migrate/write-config.ts";

const HELP = `migrate: takes over what another gateway knew (docs/migrate.md)

  migrate metrics FILE      the Python original's data/metrics.json: totals into the ledger
  migrate litellm FILE      LiteLLM's keys (JSON of /key/list) or its config.yaml
  migrate llama-swap FILE   llama-swap's config.yaml: its keys, models, groups and peers

Keys are added to users.json and work on; those that stand there stay. Models become upstreams and
routes in data/config.yaml, or beside it where there is one. For metrics the ledger must exist.`;

/** `migrate KIND FILE`: gives 0, 1 when it failed, 2 for a command line that cannot be meant. */
export async function migrate(
  argv: string[],
  surroundings: Surroundings = ofProcess(),
): Promise<number> {
  const { out, say, cwd, env } = surroundings;
  const [kind, name] = argv;
  if (kind === undefined || kind === "--help" || kind === "-h") {
    out(HELP);
    return 0;
  }
  const read = { litellm: readLiteLlm, "llama-swap": readLlamaSwap }[kind];
  if ((read === undefined && kind !== "metrics") || name === undefined || argv.length > 2) {
    say("migrate: it takes one of metrics, litellm, llama-swap, and a file; see migrate --help");
    return 2;
  }
  try {
    const file = resolve(cwd, name);
    // YAML reads JSON too.
    const document: unknown = parse(readFileSync(file, "utf8"));
    const kept = keptFiles(surroundings);
    if (read === undefined) {
      for (const line of addTotals(kept.database, document, dayOf(file))) out(line);
    } else {
      const { settings, configFile } = loadSettings({ argv: [], env, cwd });
      const { upstreamUrl } = settings;
      const { keys, sections, left } = read(document, { env, upstreamUrl });
      const hasModels = sections.routes.length > 0;
      if (keys.length === 0 && !hasModels && left.length === 0) {
        throw new Error("neither keys nor models are in it");
      }
      if (keys.length > 0) for (const line of await importKeys(kept.users, keys)) out(line);
      if (hasModels) {
        const { folder } = kept;
        const written = writeConfig(sections, { folder, from: kind, inForce: configFile });
        out(`${sections.routes.length} routes written to ${written}`);
        for (const line of nextSteps(written, surroundings, configFile)) out(line);
      }
      for (const line of left) out(`not taken over: ${line}`);
    }
    return 0;
  } catch (error) {
    say(`migrate: ${lineOf(error)}`);
    return 1;
  }
}

/** The totals have no days; they count for the one on which they were last written. */
const dayOf = (file: string): string => statSync(file).mtime.toISOString().slice(0, 10);

function addTotals(database: string, document: unknown, day: string): string[] {
  const totals = readOriginalTotals(document);
  importTotals(database, totals, day);
  return totals.map(({ user, requests, input, output }) => {
    return `${user}: ${requests} requests, ${input} input and ${output} output tokens`;
  });
}

/** What is still to be done for the file, such as a variable to be set. */
function nextSteps(file: string, { env, cwd }: Surroundings, inForce: string | null): string[] {
  const merge = inForce === null ? [] : [`put its sections into ${inForce}, which is in force`];
  try {
    loadSettings({ argv: ["--config", file], env, cwd });
    return merge;
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return [...error.faults, ...merge];
  }
}

async function importKeys(usersFile: string, keys: readonly ForeignKey[]): Promise<string[]> {
  const added = await editUsersFile(usersFile, (rows) => {
    const known = new Set(rows.map(digestOfRow));
    const fresh = keys.filter(({ digest }) => !known.has(digest) && known.add(digest));
    const made = fresh.map(({ digest, user, hint, expires, models: globs }) =>
      rowOf(`sha256:${digest}`, {
        user,
        hint,
        ...(expires === null ? {} : { expires }),
        ...(globs === null ? {} : { models: globs }),
      }),
    );
    return { rows: [...rows, ...made], result: fresh };
  });
  return [
    `${added.length} of ${keys.length} keys added to ${usersFile}`,
    ...added.map(({ user, hint }) => `  ${user}  ${hint}…`),
  ];
}
