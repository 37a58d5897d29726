import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { type NotifyAddress, shownAddress } from "../../kinds/notify-address.ts";
import { deliver } from "./deliver.ts";
import type { Stamp } from "./forms.ts";
import type { Notice } from "./notice.ts";

export type PostOfficeOptions = Pick<Stamp, "from"> & {
  /** A notice was lost: where it should go, and why. */
  onTrouble(trouble: { to: string; event: string; reason: string }): void;
  /** The pauses before further tries, in milliseconds. */
  retryMs?: readonly number[];
};

/** Notices on their way, in their order at each address. No call throws, none waits. */
export type Post = {
  /** @param secret - signs plain JSON; null: it is not signed */
  send(to: NotifyAddress, notice: Notice, secret: string | null): void;
  /** What is under way may arrive within two seconds; all else is given up. */
  close(): Promise<void>;
};

/** Two seconds to some minutes: a phone's service is seldom away for longer. */
const usualRetryMs = [2_000, 10_000, 60_000, 300_000];
const longestPauseMs = 600_000;
const longestCloseMs = 2_000;
/** Addresses with waiting notices, and notices that wait for one address. */
const [mostAddresses, mostWaiting] = [500, 20];

type Waiting = { notice: Notice; stamp: Stamp };

/** Users of one address may have different passwords there, and forms. */
const boxOf = (to: NotifyAddress): string => [to.form, to.authorization ?? "", to.url].join(" ");

export function createPost({ from, onTrouble, retryMs = usualRetryMs }: PostOfficeOptions): Post {
  const stop = new AbortController();
  const boxes = new Map<string, Waiting[]>();
  const underWay = new Set<Promise<void>>();

  const lost = (to: NotifyAddress, { event }: Notice, reason: string): void =>
    onTrouble({ to: shownAddress(to), event, reason });

  async function carry(to: NotifyAddress, { notice, stamp }: Waiting): Promise<void> {
    for (const pauseMs of [...retryMs, null]) {
      const delivery = await deliver(to, notice, stamp, stop.signal);
      if (delivery.isSent) return;
      if (!delivery.mayRetry || pauseMs === null || stop.signal.aborted) {
        lost(to, notice, delivery.reason);
        return;
      }
      const ms = Math.min(Math.max(pauseMs, delivery.retryAfterMs), longestPauseMs);
      await pause(ms, undefined, { signal: stop.signal, ref: false }).catch(() => {});
    }
  }

  async function empty(to: NotifyAddress, box: Waiting[]): Promise<void> {
    for (let next = box[0]; next !== undefined && !stop.signal.aborted; next = box[0]) {
      await carry(to, next);
      box.shift();
    }
    boxes.delete(boxOf(to));
  }

  return {
    send(to, notice, secret) {
      const name = boxOf(to);
      const box = boxes.get(name) ?? [];
      const isNew = box.length === 0;
      const isFull = isNew ? boxes.size >= mostAddresses : box.length >= mostWaiting;
      if (isFull || stop.signal.aborted) {
        lost(to, notice, "too many notices wait");
        return;
      }
      box.push({ notice, stamp: { id: `msg_${randomUUID()}`, at: Date.now(), from, secret } });
      if (!isNew) return;
      boxes.set(name, box);
      const run = empty(to, box).finally(() => underWay.delete(run));
      underWay.add(run);
    },
    async close() {
      const timer = setTimeout(() => stop.abort(), longestCloseMs);
      await Promise.all(underWay);
      clearTimeout(timer);
      stop.abort();
    },
  };
}
