import type { UserEntry } from "../users/entry.ts";

/** Who is asking, and what they may; whichever way in named them. */
export type Identity = Pick<
  UserEntry,
  | "user"
  | "role"
  | "models"
  | "weight"
  | "priority"
  | "maxConcurrent"
  | "maxQueued"
  | "limits"
  | "hint"
>;
