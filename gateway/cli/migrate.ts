import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { importTotals } from "../ledger/import-totals.ts";
import { loadSettings, loadSome } from "../settings/load-settings.ts";
import { SettingsError } from "../settings/settings-error.ts";
import { keptFilesOf } from "./backup/kept-files-of.ts";
import { type Command, command, commandGroup } from "./frame/command.ts";
import type { Surroundings } from "./frame/surroundings.ts";
import type { Foreign, ForeignPlace } from "./migrate/foreign.ts";
import { importKeys } from "./migrate/import-keys.ts";
import { readOriginalTotals } from "./migrate/original-totals.ts";
import { readLiteLlm } from "./migrate/read-litellm.ts";
import { readLlamaSwap } from "./migrate/read-llama-swap.ts";
import { writeConfig } from "./migrate/write-config.ts";

const metrics = command({
  name: "migrate metrics",
  summary: "imports the totals of the Python original (data/metrics.json) into the ledger",
  operands: ["FILE"],
  options: {},
  async run({ operands: [name = ""] }, surroundings) {
    const { env, cwd } = surroundings;
    const file = resolve(cwd, name);
    const totals = readOriginalTotals(documentIn(file));
    // Totals have no day: they count for the day on which the file was written.
    const day = statSync(file).mtime.toISOString().slice(0, 10);
    if (loadSome(["databaseUrl"], { argv: [], env, cwd }).databaseUrl !== null) {
      throw new Error(
        "this imports to the ledger in DATABASE_FILE: run it with DATABASE_URL= (empty), then ledger copy",
      );
    }
    importTotals(keptFilesOf(surroundings).database, totals, day);
    for (const { user, requests, input, output } of totals) {
      surroundings.out(`${user}: ${requests} requests, ${input} input and ${output} output tokens`);
    }
  },
});

/** `migrate`: takes over keys, models and totals of another gateway. */
export const migrate: Command = commandGroup({
  name: "migrate",
  summary: "takes over keys, models and totals of another gateway",
  commands: [
    metrics,
    takeOver("litellm", "keys (JSON of /key/list) or models (config.yaml) of LiteLLM", readLiteLlm),
    takeOver("llama-swap", "keys, models, groups and peers of its config.yaml", readLlamaSwap),
  ],
  notes: `Keys are added to users.json and still work; existing keys stay. Models become upstreams and
routes in data/config.yaml; if a config file exists, in a new file beside it. For metrics the ledger
must exist. docs/migrate.md says more.`,
});

function takeOver(
  from: string,
  summary: string,
  read: (document: unknown, place: ForeignPlace) => Foreign,
): Command {
  return command({
    name: `migrate ${from}`,
    summary,
    operands: ["FILE"],
    options: {},
    async run({ operands: [name = ""] }, surroundings) {
      const { env, cwd, out } = surroundings;
      const document = documentIn(resolve(cwd, name));
      const { settings, configFile } = loadSettings({ argv: [], env, cwd });
      const { keys, sections, left } = read(document, { env, upstreamUrl: settings.upstreamUrl });
      const hasModels = sections.routes.length > 0;
      if (keys.length === 0 && !hasModels && left.length === 0) {
        throw new Error("this file holds neither keys nor models");
      }
      const { users, folder } = keptFilesOf(surroundings);
      if (keys.length > 0) for (const line of await importKeys(users, keys)) out(line);
      if (hasModels) {
        const written = writeConfig(sections, { folder, from, inForce: configFile });
        out(`${sections.routes.length} routes written to ${written}`);
        for (const line of nextSteps(written, surroundings, configFile)) out(line);
      }
      for (const line of left) out(`not taken over: ${line}`);
    },
  });
}

/** YAML reads JSON too. */
const documentIn = (file: string): unknown => parse(readFileSync(file, "utf8"));

/** What the user still has to do for the file, such as to set a variable. */
function nextSteps(file: string, { env, cwd }: Surroundings, inForce: string | null): string[] {
  const merge = inForce === null ? [] : [`copy its sections to ${inForce}, which is in use`];
  try {
    loadSettings({ argv: ["--config", file], env, cwd });
    return merge;
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return [...error.faults, ...merge];
  }
}
