import { parseArgs } from "node:util";
import { duration } from "../../kinds/duration.ts";
import { readText } from "../../kinds/kind.ts";
import { editUsersFile } from "../../users/edit-users-file.ts";
import { hintOf } from "../../users/key.ts";
import { rotateKey } from "../../users/rotate-key.ts";
import { type Context, nameOf, UsageError } from "./command.ts";
import { chooseKey, showKey } from "./new-key.ts";

const mostGraceMs = 366 * 86_400_000;
const grace = duration(0, mostGraceMs);

const options = {
  hint: { type: "string" },
  grace: { type: "string", default: "24h" },
  "own-key": { type: "boolean", default: false },
  plain: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

/** `users rotate NAME`: a new key; the old ones work on for the grace period. */
export async function rotate(argv: string[], context: Context): Promise<void> {
  const { file, terminal, now } = context;
  const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true });
  const user = nameOf(positionals);
  const graceMs = graceOf(values.grace);
  const chosen = await chooseKey(terminal, values["own-key"]);
  const { key } = chosen;
  const whose = { user, hint: values.hint ?? null };
  const { replaced, until } = await editUsersFile(file, (rows) =>
    rotateKey(rows, { whose, key, isPlain: values.plain, graceMs, now }),
  );
  if (values.json) {
    const shown = chosen.isOwn ? {} : { key };
    const hint = hintOf(key);
    terminal.out(JSON.stringify({ user, ...shown, hint, replaced, old_keys_until: until, file }));
    return;
  }
  const old = replaced === 1 ? "the old one" : `the ${replaced} old ones`;
  const end = until === null ? `${old} ended` : `${old} will end at ${until}`;
  showKey(terminal, chosen, `${user} has a new key, ${end}`);
}

function graceOf(text: string): number {
  const result = readText(grace, text);
  if (result.fault === null) return result.value;
  throw new UsageError(`--grace ${result.fault}; for example --grace 24h`);
}
