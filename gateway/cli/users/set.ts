import { changeFields } from "../../users/change-fields.ts";
import { type Command, command } from "../frame/command.ts";
import { UsageError } from "../frame/usage-error.ts";
import { editUsers } from "./edit-users.ts";
import { fieldsFrom } from "./fields-from.ts";
import { hintOption } from "./new-key.ts";
import { commonOptions, usersFileOf } from "./users-file.ts";

/** `users set NAME`: changes the fields of a user; their keys stay. */
export const set: Command = command({
  name: "users set",
  summary: "changes the fields of a user; the keys stay the same",
  operands: ["NAME"],
  options: {
    role: { type: "string", value: "ROLE", about: "user, admin, or a role of limits: roles:" },
    expires: { type: "string", value: "DATE", about: "the end of the keys: 2027-01-31" },
    models: { type: "string", value: "LIST", about: "the models it may use: 'qwen*,llama-?'" },
    weight: { type: "string", value: "N", about: "the share of the user: 2 is double" },
    priority: { type: "string", value: "N", about: "higher numbers start first" },
    "max-concurrent": { type: "string", value: "N", about: "running requests of this user" },
    "max-queued": { type: "string", value: "N", about: "waiting requests of this user" },
    notify: { type: "string", value: "ADDRESS", about: "where the user is told: ntfy, Gotify …" },
    note: { type: "string", value: "TEXT", about: "a note for administrators" },
    ...hintOption,
    ...commonOptions,
  },
  notes: "The value `default` removes a field. docs/users.md describes each field.",
  async run({ values, operands: [user = ""] }, surroundings) {
    const file = usersFileOf(values, surroundings);
    const fields = fieldsFrom(values);
    const names = Object.keys(fields);
    if (names.length === 0) throw new UsageError("nothing to set: for example --weight 2");
    const selection = { user, hint: values.hint ?? null };
    const count = await editUsers(values, surroundings, (rows) =>
      changeFields(rows, selection, fields),
    );
    const line = `set ${names.join(", ")} of ${user} (${count} ${count === 1 ? "key" : "keys"})`;
    surroundings.out(values.json ? JSON.stringify({ user, set: names, keys: count, file }) : line);
  },
});
