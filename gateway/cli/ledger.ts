import { type Command, commandGroup } from "./frame/command.ts";
import { check } from "./ledger/check.ts";
import { copy } from "./ledger/copy.ts";
import { exported } from "./ledger/export.ts";

/** `ledger`: looks after the accounts. */
export const ledger: Command = commandGroup({
  name: "ledger",
  summary: "checks and exports the accounts, and copies them to PostgreSQL",
  commands: [check, exported, copy],
});
