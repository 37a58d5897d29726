import type { NotifyAddress } from "../../kinds/notify-address.ts";
import type { Notices } from "../notices.ts";
import {
  backupNotice,
  diskNotice,
  doneNotice,
  ledgerNotice,
  limitNotice,
  queueNotice,
  upstreamNotice,
  usersFileNotice,
} from "./notice.ts";
import { createPost, type PostOfficeOptions } from "./post.ts";
import { createStateNotices } from "./state-notices.ts";

export type OfficeOptions = PostOfficeOptions & {
  /** Where those who run the gateway are told; null: nowhere. */
  to: NotifyAddress | null;
  /** Signs plain JSON to that address; null: it is not signed. */
  secret: string | null;
  /** The least time between two notices of one thing. Milliseconds. */
  quietMs?: number;
};

/** Writes notices, and sends them. */
export function openOffice({ to, secret, quietMs, ...options }: OfficeOptions): Notices {
  const post = createPost(options);
  const { note, close } = createStateNotices((notice) => {
    if (to !== null) post.send(to, notice, secret);
  }, quietMs);
  return {
    upstream: (name, up, reason) => note(`upstream ${name}`, upstreamNotice(name, up, reason)),
    usersFile: (trouble) => note("users", usersFileNotice(trouble)),
    ledger: (trouble) => note("ledger", ledgerNotice(trouble)),
    backup: (trouble) => note("backup", backupNotice(trouble)),
    disk: (...told) => note("disk", diskNotice(...told)),
    queue: (waiting, oldestMs) => note("queue", queueNotice(waiting, oldestMs)),
    // The secret is that of those who run the gateway: a user's server does not need it.
    limit: (user, address, refusal) => post.send(address, limitNotice(user, refusal), null),
    done: (address, event) => post.send(address, doneNotice(event), null),
    close() {
      close();
      return post.close();
    },
  };
}
