import type { FromMember, ToMember } from "../../../cluster/gateways/gateway-messages.ts";
import { KeeperDesk } from "../../../cluster/gateways/keeper-desk.ts";
import type { GatewayRow, Hello, Holds } from "../../../cluster/gateways/ports.ts";
import { clusterTimes } from "../../../cluster/gateways/times.ts";
import type { Claim } from "../../../cluster/messages.ts";
import { type KeptTestLines, keptTestLines, testCandidate } from "./kept-test-lines.ts";

export type TestDeskOptions = {
  readonly upstreams?: Readonly<Record<string, number>>;
  /** What the database says that each gateway holds. */
  readonly rows: Readonly<Record<string, Holds>>;
  readonly recall?: (user: string) => Promise<void>;
  /** How busy each upstream says it is. Default: it does not say. */
  readonly busy?: number | null;
  /** Whether the database removes no row at this moment. */
  readonly isAway?: () => boolean;
};

const helloOf = (gateway: string): Hello => {
  return { protocol: 1, version: "1", gateway, shape: {} };
};

type Given = Parameters<typeof testCandidate>[1];

/** What a gateway says of a generation that holds a slot at `u`. */
export const runs = (id: string, given: Given = {}): Claim => {
  return ["runs", id, testCandidate(id, given), [0, 1], "u", {}];
};

/** What a gateway says of one that waits, and was accepted as the so-manieth. */
export const waits = (id: string, nth: number, given: Given = {}): Claim => {
  return ["waits", id, testCandidate(id, given), [0, nth], [], {}];
};

/** All that is put off to the next turns happens. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
}

/** A connection of a gateway to the desk, said by hand. */
export type TestMember = {
  readonly isOpen: boolean;
  /** What the keeper has told it. */
  readonly heard: ToMember[];
  say(...messages: FromMember[]): Promise<void>;
  sayText(text: string): Promise<void>;
  /** What is sent to it from now on is lost. */
  cut(): void;
  end(): void;
};

export type TestDesk = Pick<KeptTestLines, "lines" | "underway"> & {
  /** Gateways that said what the desk does not understand. */
  readonly odd: readonly string[];
  /** The gateways that the keeper asked the database to forget, in order. */
  readonly removed: readonly string[];
  /** The keeper sees the rows again. */
  look(): void;
  /** What the keeper wrote of each gateway. */
  readonly written: readonly [string, Holds][];
  /** So much time passes; the desk ticks each half second. */
  later(ms: number): Promise<void>;
  connect(gateway: string): TestMember;
};

/** The desk of a keeper in its term 1, over real lines. Its time goes on by `later` only. */
export function testDesk(options: TestDeskOptions): TestDesk {
  const { upstreams = { u: 1 }, rows, recall, busy = null, isAway = () => false } = options;
  let now = 0;
  const timers = new Set<{ readonly due: number; readonly act: () => void }>();
  const odd: string[] = [];
  const written: [string, Holds][] = [];
  const removed: string[] = [];
  const all = keptTestLines({ upstreams, recall, mayStart: () => desk.mayGrant });
  const desk: KeeperDesk = new KeeperDesk(
    {
      clock: {
        now: () => now,
        boot: () => now,
        later: (ms, act) => {
          const timer = { due: now + ms, act };
          timers.add(timer);
          return () => timers.delete(timer);
        },
      },
      ...{ times: clusterTimes, lines: all.kept, busyAt: async () => busy },
      election: {
        hold: async (gateway, holds) => {
          written.push([gateway, holds]);
          return true;
        },
        forget: async (gateways) => {
          removed.push(...gateways);
          if (isAway()) throw new Error("away");
        },
      },
      ...{ own: () => helloOf("a"), hasLease: () => true, hasDatabase: () => true },
      ...{ onNewer: () => {}, onUnproved: () => {}, onRefused: () => {} },
      onOdd: (gateway) => odd.push(gateway),
    },
    1,
  );
  const list: GatewayRow[] = Object.entries(rows).map(([gateway, holds]) => {
    return { gateway, address: gateway, version: "1", holds };
  });
  const later = async (ms: number): Promise<void> => {
    for (const end = now + ms; now < end; ) {
      now = Math.min(end, now + clusterTimes.beat);
      for (const timer of [...timers].filter(({ due }) => due <= now)) {
        timers.delete(timer);
        timer.act();
      }
      desk.tick();
      await settled();
    }
  };
  const look = (): void => desk.look(list);
  look();
  return {
    ...all,
    odd,
    written,
    removed,
    look,
    later,
    connect: (name: string) => connectTo(desk, name),
  };
}

function connectTo(desk: KeeperDesk, gateway: string): TestMember {
  const texts: string[] = [];
  let [isOpen, isCut] = [true, false];
  const listener = desk.accept({
    hello: helloOf(gateway),
    send: (text) => {
      if (isOpen && !isCut) texts.push(text);
    },
    destroy: () => {
      if (!isOpen) return;
      isOpen = false;
      listener.closed();
    },
  });
  return {
    get isOpen() {
      return isOpen;
    },
    get heard() {
      return texts.flatMap((text) => JSON.parse(text.slice(text.indexOf(" "))) as ToMember[]);
    },
    async say(...messages) {
      listener.said(`1 ${JSON.stringify(messages)}`);
      await settled();
    },
    async sayText(text) {
      listener.said(text);
      await settled();
    },
    cut() {
      isCut = true;
    },
    end() {
      isOpen = false;
      listener.closed();
    },
  };
}
