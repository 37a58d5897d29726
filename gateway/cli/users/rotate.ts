import { duration } from "../../kinds/duration.ts";
import { readText } from "../../kinds/kind.ts";
import { hintOf } from "../../users/key.ts";
import { rotateKey } from "../../users/rotate-key.ts";
import { type Command, command } from "../frame/command.ts";
import { UsageError } from "../frame/usage-error.ts";
import { editUsers } from "./edit-users.ts";
import { chooseKey, hintOption, keyOptions, showKey } from "./new-key.ts";
import { commonOptions, usersFileOf } from "./users-file.ts";

const mostGraceMs = 366 * 86_400_000;
const grace = duration(0, mostGraceMs);

/** `users rotate NAME`: a new key; the old ones work until the grace period ends. */
export const rotate: Command = command({
  name: "users rotate",
  summary: "makes a new key for a user; the old keys still work for --grace",
  operands: ["NAME"],
  options: {
    grace: {
      type: "string",
      value: "TIME",
      default: "24h",
      about: "how long the old keys still work: 30m, 24h (default), 7d or 0",
    },
    ...hintOption,
    ...keyOptions,
    ...commonOptions,
  },
  async run({ values, operands: [user = ""] }, surroundings) {
    const { out, now } = surroundings;
    const file = usersFileOf(values, surroundings);
    const graceMs = graceOf(values.grace);
    const chosen = await chooseKey(surroundings, values["own-key"]);
    const { key } = chosen;
    const selection = { user, hint: values.hint ?? null };
    const { replaced, until } = await editUsers(
      values,
      surroundings,
      (rows) => rotateKey(rows, { selection, key, isPlain: values.plain, graceMs, now: now() }),
      "key.rotate",
    );
    if (values.json) {
      const shown = chosen.isOwn ? {} : { key };
      const hint = hintOf(key);
      out(JSON.stringify({ user, ...shown, hint, replaced, old_keys_until: until, file }));
      return;
    }
    const old = replaced === 1 ? "the old one" : `the ${replaced} old ones`;
    const end = until === null ? `${old} ended` : `${old} will end at ${until}`;
    showKey(surroundings, chosen, `${user} has a new key, ${end}`);
  },
});

function graceOf(text: string): number {
  const result = readText(grace, text);
  if (result.fault === null) return result.value;
  throw new UsageError(`--grace ${result.fault}; for example --grace 24h`);
}
