import { parseArgs } from "node:util";
import { addKey } from "../../users/add-key.ts";
import { editUsersFile } from "../../users/edit-users-file.ts";
import { parseEntry } from "../../users/entry.ts";
import { hintOf } from "../../users/key.ts";
import type { Fields } from "../../users/users-document.ts";
import { type Context, nameOf, UsageError } from "./command.ts";
import { chooseKey, showKey } from "./new-key.ts";

const options = {
  role: { type: "string" },
  expires: { type: "string" },
  models: { type: "string" },
  weight: { type: "string" },
  priority: { type: "string" },
  note: { type: "string" },
  "own-key": { type: "boolean", default: false },
  plain: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

type Values = { readonly [Name in keyof typeof options]?: string | boolean | undefined };

/** `users add [NAME]`: gives a person a key, or one more. */
export async function add(argv: string[], context: Context): Promise<void> {
  const { file, terminal } = context;
  const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true });
  const user = positionals.length > 0 ? nameOf(positionals) : await askName(context);
  const fields = fieldsFrom(user, values);
  parseEntry(fields, "");
  const chosen = await chooseKey(terminal, values["own-key"]);
  const { keys } = await editUsersFile(file, (rows) =>
    addKey(rows, chosen.key, fields, values.plain),
  );
  if (values.json) {
    const shown = chosen.isOwn ? {} : { key: chosen.key };
    terminal.out(JSON.stringify({ user, ...shown, hint: hintOf(chosen.key), keys, file }));
    return;
  }
  const count = keys === 1 ? "a key" : `one more key (${keys} now)`;
  showKey(terminal, chosen, `${user} has ${count} in ${file}`);
}

async function askName({ terminal }: Context): Promise<string> {
  if (!terminal.canAsk) throw new UsageError("whose key is it? users add NAME");
  return await terminal.ask("Whose key is it? Name: ");
}

/** The fields that were given, in the file's words; what is not said is not written. */
function fieldsFrom(user: string, values: Values): Fields {
  const models = textOf(values.models)
    ?.split(",")
    .flatMap((glob) => glob.trim() || []);
  const given = {
    user,
    role: values.role,
    expires: values.expires,
    models,
    weight: numberFrom(values.weight),
    priority: numberFrom(values.priority),
    note: values.note,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function textOf(value: string | boolean | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** NaN for what is no number, which the entry's own check then refuses by name. */
function numberFrom(value: string | boolean | undefined): number | undefined {
  const text = textOf(value);
  if (text === undefined) return undefined;
  return text.trim() === "" ? Number.NaN : Number(text);
}
