import { loadSome } from "../settings/load-settings.ts";
import { forgetFirstKey, readFirstKey } from "../users/first-key.ts";
import { type Command, command } from "./frame/command.ts";

/** `key`: shows the first key. On a terminal it is shown once. */
export const key: Command = command({
  name: "key",
  summary: "shows the first key; on a terminal once, then its file is removed",
  operands: [],
  options: {},
  notes: `The first key waits in first-key beside the users file, for 24 hours. In a script ($(… key)) it
stays there. Keep the key: afterwards only \`users rotate NAME\` gives this user a new one.`,
  async run(_, { env, cwd, out, say, screen, now }) {
    const { usersFile } = loadSome(["usersFile"], { argv: [], env, cwd });
    const found = readFirstKey(usersFile, now());
    if (found === null) {
      throw new Error(
        "no first key waits here: a user gets a new key with users rotate NAME (users list has the names)",
      );
    }
    out(found);
    if (!screen.isTTY) return;
    forgetFirstKey(usersFile);
    say("Keep it: it is not shown again. For the queue, set LLM_GATEWAY_KEY to it.");
  },
});
