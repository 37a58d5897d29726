import { type Command, commandGroup } from "./frame/command.ts";
import { changes } from "./ledger/changes.ts";
import { check } from "./ledger/check.ts";
import { copy } from "./ledger/copy.ts";
import { exported } from "./ledger/export.ts";

/** `ledger`: looks after the accounts. */
export const ledger: Command = commandGroup({
  name: "ledger",
  summary: "checks, exports and copies the accounts, and shows who changed what",
  commands: [check, exported, changes, copy],
});
