import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll } from "vitest";
import type { Admission, Candidate, Keeper, Turn } from "../generation/keeper.ts";
import { createLocalKeeper, type LocalKeeperParts } from "../generation/local-keeper.ts";
import { interruptedRow } from "../ledger/row.ts";
import { createLine, type Line, type LineOptions, type Slot, type Ticket } from "../line/line.ts";
import { Roster } from "../roster.ts";
import { bareKeeperParts } from "../test/support/bare-keeper.ts";
import { lineContract } from "../test/support/line-contract.ts";
import type { TrialLine } from "../test/support/line-trial.ts";
import { sampleIdentity } from "../test/support/test-generation.ts";
import { createKeeperService } from "./keeper-service.ts";
import { createLink, readBatch } from "./link.ts";
import type { FromKeeper, ToKeeper } from "./messages.ts";
import { createRemoteKeeper, type RemoteKeeper } from "./remote-keeper.ts";

/** Two processes that send every text back. */
let mirrors: { toKeeper: ChildProcess; fromKeeper: ChildProcess };

const startMirror = (): ChildProcess =>
  spawn(process.execPath, ["-e", "process.on('message', (text) => process.send(text))"], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    serialization: "advanced",
  });

beforeAll(() => {
  mirrors = { toKeeper: startMirror(), fromKeeper: startMirror() };
});
afterAll(async () => {
  for (const mirror of [mirrors.toKeeper, mirrors.fromKeeper]) {
    mirror.disconnect();
    await once(mirror, "exit");
  }
});

type Rows = { opened: Set<string>; closed: string[] };

/** The keeper of a line alone. */
function keeperOf(line: Line, rows: Rows): Keeper {
  const parts: LocalKeeperParts = {
    ...bareKeeperParts,
    lineAt: () => line,
    ledger: {
      open: ({ id }) => void rows.opened.add(id),
      waits: () => {},
      close: async (id) => void rows.closed.push(id),
    },
    underway: new Roster(),
  };
  return createLocalKeeper(parts);
}

function candidateOf(ticket: Ticket): Candidate {
  const { id, user, model, weight = 1, priority = 0, inputTokens, maxTokens, seats } = ticket;
  const opening = {
    ...{ id, requestId: id, user, model, upstream: "u0", dialect: "chat" as const },
    ...{ path: "/v1/chat/completions", streamed: true, startedAt: 0 },
  };
  const wish = { inputTokens, maxTokens, seats, session: undefined, streamed: undefined };
  return {
    opening,
    identity: { ...sampleIdentity, user, weight, priority },
    limited: { dialect: "chat", estimate: { input: 0, output: 0 } },
    wish: { ...wish, priority: null, conversation: null },
  };
}

/** A line that is joined through a keeper. All other calls go to the line itself. */
function behind(line: Line, keeper: Keeper): Line {
  const join = async (ticket: Ticket): Promise<Slot> => {
    const stop = { signal: ticket.signal, abort: () => {} };
    const admission = await keeper.take(candidateOf(ticket), stop);
    const turn = await admission
      .turn((place) => ticket.onPlace?.(place))
      .catch((cause: unknown) => {
        over(admission);
        throw cause;
      });
    return slotOf(admission, turn);
  };
  return new Proxy(line, {
    get(target, name) {
      if (name === "join") return join;
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

function over(admission: Admission): void {
  void admission.close({ row: interruptedRow, charge: null, cachedAt: null });
  admission.end();
}

function slotOf(admission: Admission, turn: Turn): Slot {
  let isOver = false;
  return {
    ...turn,
    release(work = {}) {
      turn.end(null, work);
      if (!isOver) over(admission);
      isOver = true;
    },
  };
}

/** Each row that was opened is closed once. */
const faultsIn = ({ opened, closed }: Rows): string[] =>
  [...opened].flatMap((id) => {
    const times = closed.filter((one) => one === id).length;
    return times === 1 ? [] : [`the row of ${id} was closed ${times} times`];
  });

const turnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function inOneProcess(options: LineOptions): TrialLine {
  const rows: Rows = { opened: new Set(), closed: [] };
  const line = createLine(options);
  return {
    line: behind(line, keeperOf(line, rows)),
    quiet: turnOfLoop,
    faults: () => faultsIn(rows),
  };
}

/** `carry` brings a text to the other end some time later. */
function linked(
  options: LineOptions,
  carry: (way: "toKeeper" | "fromKeeper", arrive: (text: string) => void) => (text: string) => void,
): TrialLine {
  const rows: Rows = { opened: new Set(), closed: [] };
  let underWay = 0;
  const carrier = (way: "toKeeper" | "fromKeeper", arrive: (text: string) => void) => {
    const write = carry(way, (text) => {
      arrive(text);
      underWay -= 1;
    });
    return {
      write(text: string) {
        underWay += 1;
        write(text);
      },
    };
  };
  const line = createLine(options);
  const up = createLink<ToKeeper>(carrier("toKeeper", (text) => readBatch(text, asked)));
  const down = createLink<FromKeeper>(carrier("fromKeeper", (text) => readBatch(text, answered)));
  const service = createKeeperService(keeperOf(line, rows), down);
  const remote: RemoteKeeper = createRemoteKeeper(up);
  const asked = (message: ToKeeper): void => service.asked(message);
  const answered = (message: FromKeeper): void => remote.answered(message);
  return {
    line: behind(line, remote),
    async quiet() {
      // An answer may bring another question, and each is sent at the end of a turn.
      for (let idle = 0; idle < 3; idle = underWay === 0 ? idle + 1 : 0) await turnOfLoop();
    },
    faults: () => faultsIn(rows),
  };
}

const runs = (most: number): number => Math.min(most, Number(process.env.FUZZ_RUNS ?? most));

lineContract("behind the port in one process", inOneProcess, { numRuns: runs(100), avoids: false });

lineContract(
  "behind a link in one process",
  (options) => linked(options, (_way, arrive) => (text) => setImmediate(arrive, text)),
  { numRuns: runs(50), avoids: false },
);

lineContract(
  "over IPC",
  (options) =>
    linked(options, (way, arrive) => {
      const mirror = mirrors[way];
      mirror.removeAllListeners("message").on("message", (text) => arrive(String(text)));
      return (text) => void mirror.send(text);
    }),
  { numRuns: runs(40), avoids: false },
);
