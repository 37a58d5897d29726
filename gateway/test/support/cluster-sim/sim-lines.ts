import type { KeptLines } from "../../../cluster/gateways/kept-lines.ts";
import { createLineKeeper } from "../../../cluster/gateways/line-keeper.ts";
import { createLocalKeeper } from "../../../generation/local-keeper.ts";
import { createLine, type Line, type Slot, type Ticket } from "../../../line/line.ts";
import { Roster } from "../../../roster.ts";
import { bareKeeperParts } from "../bare-keeper.ts";

/** The upstreams of a cluster, each in a line of its own or all in one pool. */
export type SimPool = {
  readonly upstreams: readonly { readonly name: string; readonly slots: number }[];
  readonly isOne: boolean;
};

/** What the lines of a gateway do, for the rules. */
export type LineEar = {
  joined(ticket: Ticket): void;
  /** Its keeper has begun, or has its lease again. */
  begun(): void;
  /** `waiting` are the others in that line. */
  started(ticket: Ticket, waiting: readonly Ticket[]): void;
};

export type SimLinesParts = {
  readonly pool: SimPool;
  now(): number;
  mayStart(): boolean;
  readonly ear: LineEar;
};

/** No timer of the machine that runs the simulation comes before the end of it. */
const neverMs = 2_147_483_647;

/** The lines that a gateway has, and keeps for all while it is the keeper. */
export function openSimLines(parts: SimLinesParts): { kept: KeptLines; lines: readonly Line[] } {
  const { upstreams, isOne } = parts.pool;
  const common = {
    ...{ maxQueue: null, now: () => parts.now(), placesEveryMs: neverMs },
    mayStart: () => parts.mayStart(),
  };
  const lines = isOne
    ? [
        createLine({
          ...common,
          upstreams: upstreams.map(({ name, slots }) => ({ name, capacity: slots })),
          usable: () => true,
        }),
      ]
    : upstreams.map(({ slots }) => createLine({ ...common, capacity: slots }));
  const heard = lines.map((line) => listenTo(line, parts.ear));
  const lineAt = (upstream: string): Line => {
    const index = isOne ? 0 : upstreams.findIndex(({ name }) => name === upstream);
    const line = heard[index];
    if (line === undefined) throw new Error(`There is no upstream ${upstream}.`);
    return line;
  };
  const keeper = createLocalKeeper({ ...bareKeeperParts, lineAt, underway: new Roster() });
  const kept = createLineKeeper({
    ...{ keeper, lineAt },
    isHere: () => true,
    lines: { state: () => "open", pause: () => {}, resume: () => {}, drain: () => {} },
    reconsider: () => {
      parts.ear.begun();
      for (const line of lines) line.reconsider();
    },
    limits: { recall: () => null, renew: () => {} },
  });
  return { kept, lines };
}

/** The line itself, which tells what is done with it. */
function listenTo(line: Line, ear: LineEar): Line {
  const waiting = new Map<string, Ticket>();
  const join = async (ticket: Ticket): Promise<Slot> => {
    ear.joined(ticket);
    waiting.set(ticket.id, ticket);
    try {
      const slot = await line.join(ticket);
      waiting.delete(ticket.id);
      ear.started(ticket, [...waiting.values()]);
      return slot;
    } finally {
      waiting.delete(ticket.id);
    }
  };
  return new Proxy(line, {
    get(target, name) {
      if (name === "join") return join;
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
