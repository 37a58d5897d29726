import { type Command, commandGroup } from "./frame/command.ts";
import { add } from "./users/add.ts";
import { disable, enable, hash, remove } from "./users/change.ts";
import { invite } from "./users/invite.ts";
import { limits } from "./users/limits.ts";
import { list, show } from "./users/list.ts";
import { rotate } from "./users/rotate.ts";
import { set } from "./users/set.ts";

/** `users`: edits the users file; the gateway reads it again for the next request. */
export const users: Command = commandGroup({
  name: "users",
  summary: "shows and changes who may use the gateway",
  commands: [list, add, invite, set, limits, remove, rotate, disable, enable, show, hash],
});
