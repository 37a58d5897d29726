import { describe, expect, it } from "vitest";
import { GatewayError, slotLost } from "../errors.ts";
import { ClientLeft } from "../exchange.ts";
import { testGeneration } from "../test/support/test-generation.ts";
import { failureOf } from "../upstreams/failure.ts";
import type { Accepted } from "./reserve.ts";
import { createTries } from "./tries.ts";
import { type HeldSlot, type Serve, takeTurns, type WaitingClient } from "./turns.ts";

const nowhere = "http://127.0.0.1:9";
const two = { upstreams: { a: nowhere, b: nowhere } };
const silent: WaitingClient = { place() {}, started() {} };
const refused = (): GatewayError => new GatewayError("upstream_unreachable", "gone");

async function run(
  room: ReturnType<typeof testGeneration>,
  serve: Serve,
  options: { accepted?: Accepted; client?: WaitingClient } = {},
) {
  const { accepted = await room.accept(), client = silent } = options;
  return takeTurns(room.parts, accepted, client, serve, createTries(room.parts, accepted));
}

describe("a turn", () => {
  it("holds the slot while it is served, and not a moment longer", async () => {
    const room = testGeneration();
    const outcome = await run(room, async () => {
      expect(room.line.view().active).toBe(1);
      return Buffer.from("last");
    });
    expect(room.line.view().active).toBe(0);
    expect(outcome).toMatchObject({ error: null, last: Buffer.from("last") });
    expect(outcome.member?.upstream.name).toBe("a");
    expect(room.health).toEqual(["a", ["a", null]]);
  });

  it.each([
    ["an error of the upstream", () => Promise.reject(refused()), "upstream_unreachable"],
    ["a fault of our own", () => Promise.reject(new TypeError("x")), "internal_error"],
  ])("frees the slot after %s", async (_what, serve, code) => {
    const room = testGeneration();
    const { error } = await run(room, serve);
    expect(error?.code).toBe(code);
    expect(room.line.view().active).toBe(0);
    expect(room.health).toEqual(["a", ["a", code]]);
  });

  it("frees the slot if telling the client fails, and serves nothing", async () => {
    const room = testGeneration();
    let served = 0;
    const client = {
      place() {},
      started() {
        throw new Error("the client cannot be told");
      },
    };
    const serve = async (): Promise<null> => {
      served++;
      return null;
    };
    const { error } = await run(room, serve, { client, accepted: await room.accept() });
    expect([error?.code, served, room.line.view().active]).toEqual(["internal_error", 0, 0]);
  });

  it("ends at TOTAL_TIMEOUT, which counts from the slot on", async () => {
    const room = testGeneration({ totalMs: 20 });
    const accepted = await room.accept();
    const { signal } = accepted.exchange;
    const { error } = await run(
      room,
      () =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      { accepted, client: silent },
    );
    expect(error?.code).toBe("upstream_timeout");
    expect(room.line.view().active).toBe(0);
  });
});

describe("a wait", () => {
  it("is told with places, after the row is on its way to the disk", async () => {
    const room = testGeneration();
    const order: string[] = [];
    const { parts } = room;
    const { ledger } = room.kept;
    room.kept.ledger = {
      ...ledger,
      waits(id: string) {
        order.push("row");
        ledger.waits(id);
      },
    };
    const client = {
      place: ({ position }: { position: number }) => void order.push(`place ${position}`),
      started: () => void order.push("started"),
    };
    let free = (): void => {};
    const first = run(room, () => {
      return new Promise((resolve) => {
        free = () => resolve(null);
      });
    });
    const accepted = await room.accept();
    const tries = createTries(parts, accepted);
    const second = takeTurns(parts, accepted, client, async () => null, tries);
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual(["row", "place 1"]);
    expect(room.row(accepted.exchange.id)).toMatchObject({ state: "open" });
    free();
    await first;
    const { waitedMs } = await second;
    expect(order).toEqual(["row", "place 1", "started"]);
    expect(waitedMs).toBeGreaterThan(0);
  });

  it("ends without a slot when the client leaves", async () => {
    const room = testGeneration();
    let free = (): void => {};
    const first = run(room, () => {
      return new Promise((resolve) => {
        free = () => resolve(null);
      });
    });
    const accepted = await room.accept();
    const second = run(
      room,
      () => {
        throw new Error("it must not be served");
      },
      { accepted, client: silent },
    );
    accepted.stop.abort(new ClientLeft());
    const outcome = await second;
    expect(outcome).toMatchObject({ slot: null, member: null, upstreamMs: null });
    expect(outcome.error?.code).toBe("client_closed");
    free();
    await first;
  });
});

describe("a slot that was lost", () => {
  it("is freed, says so, and counts for no failure of the upstream", async () => {
    const room = testGeneration(two);
    const accepted = await room.accept();
    const { admission } = accepted;
    const checked = (): never => {
      throw slotLost();
    };
    const turn: typeof admission.turn = async (...asked) => ({
      ...(await admission.turn(...asked)),
      check: checked,
    });
    const lost = { ...accepted, admission: Object.assign(Object.create(admission), { turn }) };
    let served = 0;
    const serve: Serve = async ({ check }) => {
      served += 1;
      check?.();
      return null;
    };
    const { error } = await run(room, serve, { accepted: lost });
    expect([served, error?.code, room.line.view().active]).toEqual([1, "slot_lost", 0]);
    expect(failureOf(error)).toEqual({ kind: "nothing" });
  });
});

describe("another upstream", () => {
  it("has the next turn if the first one failed before it answered", async () => {
    const room = testGeneration(two);
    const served: string[] = [];
    const { error, member } = await run(room, async ({ member: { upstream } }) => {
      served.push(upstream.name);
      if (served.length === 1) throw refused();
      return null;
    });
    expect(error).toBeNull();
    expect(new Set(served)).toEqual(new Set(["a", "b"]));
    expect(member?.upstream.name).toBe(served[1]);
    expect(room.line.view().active).toBe(0);
  });

  it("has no turn once an answer has begun", async () => {
    const room = testGeneration(two);
    const accepted = await room.accept();
    let served = 0;
    const { error } = await run(
      room,
      async () => {
        served++;
        accepted.meter.begun(200);
        throw refused();
      },
      { accepted, client: silent },
    );
    expect([served, error?.code]).toEqual([1, "upstream_unreachable"]);
  });

  it("is why the first one is not waited for; the last one is", async () => {
    const room = testGeneration(two);
    const patience: number[] = [];
    await run(room, async ({ patienceMs }: HeldSlot) => {
      patience.push(patienceMs);
      throw refused();
    });
    expect(patience).toEqual([0, 10_000]);
  });
});
