import { parseArgs } from "node:util";
import { editUsersFile } from "../../users/edit-users-file.ts";
import { hintOf } from "../../users/key.ts";
import { rotateKey } from "../../users/rotate-key.ts";
import { type Context, nameOf, UsageError } from "./command.ts";
import { chooseKey, showKey } from "./new-key.ts";

const DAY_MS = 86_400_000;
const UNITS: ReadonlyMap<string, number> = new Map([
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", DAY_MS],
]);
const MAX_MS = 366 * DAY_MS;

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
  const graceMs = durationOf(values.grace);
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

function durationOf(text: string): number {
  if (text === "0") return 0;
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const ms = Number(count) * (UNITS.get(unit ?? "") ?? Number.NaN);
  if (ms >= 0 && ms <= MAX_MS) return ms;
  throw new UsageError("--grace is 0 or a number with s, m, h or d, at most a year: 24h");
}
