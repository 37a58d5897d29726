import { configSchema } from "../settings/config-schema.ts";
import { check, checkNotes } from "./config/check.ts";
import { type Command, command, commandGroup } from "./frame/command.ts";

const schema: Command = command({
  name: "config schema",
  summary: "prints the JSON Schema of config.yaml, which editors use to complete it",
  operands: [],
  options: {},
  async run(_given, { out }) {
    out(JSON.stringify(configSchema(), null, 2));
  },
});

/** `config check` and `config schema`. */
export const config: Command = commandGroup({
  name: "config",
  summary: "shows the settings in use (`config check`), and the schema of config.yaml",
  commands: [check, schema],
  notes: checkNotes,
});
