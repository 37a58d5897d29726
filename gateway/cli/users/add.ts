import { randomBytes } from "node:crypto";
import { readEnvFile } from "../../settings/read-env-file.ts";
import { addKey } from "../../users/add-key.ts";
import { parseEntry } from "../../users/entry.ts";
import { hintOf } from "../../users/key.ts";
import type { EntryFields } from "../../users/users-document.ts";
import { type Command, command } from "../frame/command.ts";
import { shownPath } from "../frame/shown-path.ts";
import type { Surroundings } from "../frame/surroundings.ts";
import { UsageError } from "../frame/usage-error.ts";
import { editUsers } from "./edit-users.ts";
import { fieldsFrom } from "./fields-from.ts";
import { chooseKey, keyOptions, showKey } from "./new-key.ts";
import { commonOptions, usersFileOf } from "./users-file.ts";

/** `users add [NAME]`: gives a user a key, or one more. */
export const add: Command = command({
  name: "users add",
  summary: "makes a key for a user, and shows it once",
  operands: ["[NAME]"],
  options: {
    role: { type: "string", value: "ROLE", about: "user, admin, or a role of limits: roles:" },
    expires: { type: "string", value: "DATE", about: "the end of the key: 2027-01-31" },
    models: { type: "string", value: "LIST", about: "the models it may use: 'qwen*,llama-?'" },
    weight: { type: "string", value: "N", about: "the share of the user: 2 is double" },
    priority: { type: "string", value: "N", about: "higher numbers start first" },
    note: { type: "string", value: "TEXT", about: "a note for administrators" },
    "speaks-for": {
      type: "string",
      value: "PRESET",
      about: "names the people behind the key: open-webui or librechat",
    },
    signed: { type: "string", value: "VARIABLE", about: "the program signs, with this secret" },
    ...keyOptions,
    ...commonOptions,
  },
  async run({ values, operands: [name] }, surroundings) {
    const { out, say, cwd } = surroundings;
    const file = usersFileOf(values, surroundings);
    const user = name ?? (await askName(surroundings));
    const speaks = speaksFor(values["speaks-for"], values.signed);
    const fields = { user, ...fieldsFrom(values), ...speaks };
    parseEntry(fields, "");
    const chosen = await chooseKey(surroundings, values["own-key"]);
    const { keys } = await editUsers(values, surroundings, (rows) =>
      addKey(rows, chosen.key, fields, values.plain),
    );
    if (values.json) {
      const shown = chosen.isOwn ? {} : { key: chosen.key };
      out(JSON.stringify({ user, ...shown, hint: hintOf(chosen.key), keys, file }));
      return;
    }
    const count = keys === 1 ? "a key" : `one more key (${keys} now)`;
    showKey(surroundings, chosen, `${user} has ${count} in ${shownPath(file, cwd)}`);
    if (chosen.isOwn || values["speaks-for"] !== "open-webui") return;
    for (const line of linesForCompose(chosen.key, values.signed, surroundings)) say(line);
  },
});

function speaksFor(preset: string | undefined, secretEnv: string | undefined): EntryFields {
  if (preset === undefined && secretEnv !== undefined) {
    throw new UsageError("--signed needs --speaks-for");
  }
  if (preset === undefined) return {};
  if (secretEnv === undefined) return { speaks_for: preset };
  return { speaks_for: { preset, jwt_secret_env: secretEnv } };
}

/** What compose's webui profile reads from .env, to copy. */
function linesForCompose(
  key: string,
  secretEnv: string | undefined,
  { env, cwd }: Surroundings,
): string[] {
  const isMissing = secretEnv !== undefined && !{ ...readEnvFile(cwd), ...env }[secretEnv];
  return [
    "For Open WebUI of docker-compose.yml: put into .env",
    `  WEBUI_KEY=${key}`,
    ...(isMissing ? [`  ${secretEnv}=${randomBytes(32).toString("hex")}`] : []),
    "then ./gateway.sh restart, and docker compose --profile webui up -d",
  ];
}

async function askName({ canAsk, ask }: Surroundings): Promise<string> {
  if (!canAsk) throw new UsageError("NAME is missing: users add NAME");
  return await ask("Name of the user: ");
}
