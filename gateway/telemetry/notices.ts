import { BoundedMap } from "../bounded-map.ts";
import type { NotifyAddress } from "../kinds/notify-address.ts";
import type { OfficeOptions } from "./notices/office.ts";
import type { SettledEvent } from "./settled-event.ts";

/** Tells people what they would have to look for. No call throws, none waits. */
export type Notices = {
  upstream(name: string, up: boolean, reason: string | null): void;
  /** Null: it is well again; so with the next two. */
  usersFile(trouble: string | null): void;
  ledger(trouble: string | null): void;
  backup(trouble: string | null): void;
  /** Bytes of the disk of the accounts. */
  disk(free: number, size: number, isLow: boolean): void;
  /** The longest wait in milliseconds; null: none is long. */
  queue(waiting: number, oldestMs: number | null): void;
  /** A limit has refused a request of this user, in these words. */
  limit(user: string, to: NotifyAddress, refusal: string): void;
  /** A request that its user wants to hear of has ended. */
  done(to: NotifyAddress, event: SettledEvent): void;
  /** What is under way may arrive within two seconds. */
  close(): Promise<void>;
};

/** A user hears of a limit at most once in this time; clients ask again and again. */
const limitQuietMs = 3_600_000;
const mostUsers = 10_000;

export type NoticesOptions = OfficeOptions & {
  /** A request that took less is not told when it is done. Milliseconds. */
  longMs: number;
};

/** What writes and sends is loaded with the first notice: most gateways never send one. */
export function createNotices(options: NoticesOptions, now: () => number = Date.now): Notices {
  let office: Promise<Notices> | null = null;
  const lastLimit = new BoundedMap<number>(mostUsers);

  function withOffice(use: (office: Notices) => void): void {
    office ??= import("./notices/office.ts").then(({ openOffice }) => openOffice(options));
    void office.then(use);
  }

  /** Those who run the gateway are told only where they have an address. */
  const toOperator = options.to === null ? () => {} : withOffice;

  return {
    upstream: (...told) => toOperator((it) => it.upstream(...told)),
    usersFile: (trouble) => toOperator((it) => it.usersFile(trouble)),
    ledger: (trouble) => toOperator((it) => it.ledger(trouble)),
    backup: (trouble) => toOperator((it) => it.backup(trouble)),
    disk: (...told) => toOperator((it) => it.disk(...told)),
    queue: (...told) => toOperator((it) => it.queue(...told)),
    limit(user, ...told) {
      const last = lastLimit.get(user);
      if (last !== undefined && now() - last < limitQuietMs) return;
      lastLimit.set(user, now());
      withOffice((it) => it.limit(user, ...told));
    },
    done(to, event) {
      if (event.durationMs >= options.longMs) withOffice((it) => it.done(to, event));
    },
    async close() {
      await (await office)?.close();
    },
  };
}
