import { writtenOf } from "../../kinds/written.ts";
import { readLimitFields } from "../../limits/limit-fields.ts";
import { changeFields } from "../../users/change-fields.ts";
import { selectKeys } from "../../users/change-keys.ts";
import { readUsersFile } from "../../users/edit-users-file.ts";
import { fieldsOf } from "../../users/users-document.ts";
import { type Command, command } from "../frame/command.ts";
import { UsageError } from "../frame/usage-error.ts";
import { editUsers } from "./edit-users.ts";
import { limitFrom } from "./limit-from.ts";
import { hintOption } from "./new-key.ts";
import { commonOptions, usersFileOf } from "./users-file.ts";

/** `users limits NAME`: shows or changes the limits of a user. */
export const limits: Command = command({
  name: "users limits",
  summary: "shows or changes the limits of a user: --tokens 100k/day",
  operands: ["NAME"],
  options: {
    requests: { type: "string", value: "N", about: "requests: 100, 100/6h" },
    tokens: { type: "string", value: "N", about: "tokens: 20k, 100k/day, 2M/month, 5k/10m" },
    seconds: { type: "string", value: "N", about: "seconds of the upstream: 1800/6h" },
    cost: { type: "string", value: "N", about: "US dollars: 2/day, 20/month" },
    mode: { type: "string", value: "MODE", about: "at a limit: refuse, or slow" },
    clear: { type: "boolean", default: false, about: "removes the user's own limits first" },
    ...hintOption,
    ...commonOptions,
  },
  notes: `\`off\` means no limit, whatever the settings say. Without a window the limit counts in
RATE_LIMIT_WINDOW_MIN. GET /limits shows what a user has used.`,
  async run({ values, operands: [user = ""] }, surroundings) {
    const { out } = surroundings;
    const file = usersFileOf(values, surroundings);
    const selection = { user, hint: values.hint ?? null };
    const { requests, tokens, seconds, cost, mode } = values;
    const given = { requests, tokens, upstream_seconds: seconds, cost };
    const changes: Record<string, unknown> = mode === undefined ? {} : { mode };
    for (const [name, text] of Object.entries(given)) {
      if (text !== undefined) Object.assign(changes, limitFrom(name, text));
    }
    const isChange = values.clear || Object.keys(changes).length > 0;
    if (isChange) {
      await editUsers(values, surroundings, (rows) => {
        const [first] = selectKeys(rows, selection);
        const before = first === undefined || values.clear ? null : fieldsOf(first).limits;
        const merged = { ...(before as object | null), ...changes };
        refuseWrong(merged);
        const isEmpty = Object.keys(merged).length === 0;
        return changeFields(rows, selection, { limits: isEmpty ? undefined : merged });
      });
    }
    const [row] = selectKeys(readUsersFile(file), selection);
    const now = row === undefined ? null : (fieldsOf(row).limits ?? null);
    if (values.json) out(JSON.stringify({ user, limits: now }));
    else
      out(now === null ? `${user} has no limits of their own` : `${user}: ${JSON.stringify(now)}`);
  },
});

function refuseWrong(limitsOfUser: object): void {
  readLimitFields(writtenOf(limitsOfUser, "users.json"), "limits:", (_at, says) => {
    throw new UsageError(says);
  });
}
