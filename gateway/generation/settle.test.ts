import { expect, it } from "vitest";
import { GatewayError } from "../errors.ts";
import { ClientLeft } from "../exchange.ts";
import { nothingRead } from "../ledger/meter.ts";
import { testGeneration } from "../test/support/test-generation.ts";
import type { Accepted } from "./reserve.ts";
import { type EndingClient, settle } from "./settle.ts";
import type { Outcome } from "./turns.ts";

type Room = ReturnType<typeof testGeneration>;

/** The client, and what its generation's row was when it was told the end. */
function watchedClient({ row }: Room, { exchange }: Accepted) {
  const told: unknown[] = [];
  const client: EndingClient = {
    begun: true,
    upstreamId: "from the answer",
    end: (last) => void told.push([String(last), row(exchange.id)?.state]),
    fail: ({ code }) => void told.push([code, row(exchange.id)?.state]),
  };
  return { client, told };
}

/** A slot's outcome: an upstream's whole answer, unless told otherwise. */
async function outcomeOf(accepted: Accepted, over: Partial<Outcome> = {}): Promise<Outcome> {
  const { admission, destination } = accepted;
  const slot = await admission.turn(() => {});
  slot.end(null, {});
  return {
    ...{ slot, member: destination.first, waitedMs: 0, upstreamMs: 5, endedAt: 0, error: null },
    last: Buffer.from("last"),
    reading: { ...nothingRead, status: 200, finished: true },
    ...over,
  };
}

it("commits the row before the last bytes leave", async () => {
  const room = testGeneration();
  const accepted = await room.accept();
  const { client, told } = watchedClient(room, accepted);
  await settle(room.parts, accepted, client, await outcomeOf(accepted));
  expect(told).toEqual([["last", "done"]]);
  expect(room.row(accepted.exchange.id)).toMatchObject({
    ...{ state: "done", status: 200, error_code: null, upstream_id: "from the answer" },
  });
});

it.each([
  ["an upstream's error", new GatewayError("upstream_error", "cut"), {}, "failed", 502],
  ["a client that left", new ClientLeft(), {}, "cancelled", 499],
  ["a cancel", new GatewayError("cancelled", "stopped"), {}, "cancelled", 499],
  ["a client that left after the last event", new ClientLeft(), { finished: true }, "done", 200],
  ["an error inside the stream", null, { finished: true, failed: true }, "failed", 502],
])("records %s", async (_what, error, seen, state, status) => {
  const room = testGeneration();
  const accepted = await room.accept();
  const { client, told } = watchedClient(room, accepted);
  const reading = { ...nothingRead, status: 200, ...seen };
  await settle(room.parts, accepted, client, await outcomeOf(accepted, { error, reading }));
  expect(room.row(accepted.exchange.id)).toMatchObject({ state, status });
  expect(told).toEqual([[error === null ? "last" : error.code, state]]);
});

it("closes the row of a generation that never got a slot", async () => {
  const room = testGeneration();
  const accepted = await room.accept();
  const { client } = watchedClient(room, accepted);
  await settle(room.parts, accepted, client, {
    ...{ slot: null, member: null, waitedMs: 0, upstreamMs: null, endedAt: 0, last: null },
    ...{ reading: nothingRead, error: new ClientLeft() },
  });
  expect(room.row(accepted.exchange.id)).toMatchObject({ state: "cancelled", upstream_ms: null });
});

it("closes the row and ends the answer although the limits fail", async () => {
  const room = testGeneration();
  const { reserve, adopt } = room.kept.limits;
  const settleWrongly = (): never => {
    throw new Error("a fault in the limits");
  };
  room.kept.limits = {
    adopt,
    recall: () => null,
    reserve: (...ask) => ({ ...reserve(...ask), settle: settleWrongly }),
  };
  const accepted = await room.accept();
  const { client, told } = watchedClient(room, accepted);
  await settle(room.parts, accepted, client, await outcomeOf(accepted));
  expect(told).toEqual([["last", "done"]]);
});

it("remembers the upstream of a conversation only if the answer is whole", async () => {
  const where = "http://127.0.0.1:9";
  const room = testGeneration({ upstreams: { a: where, b: where } });
  for (const error of [new GatewayError("upstream_error", "cut"), null]) {
    const accepted = await room.accept();
    const { client } = watchedClient(room, accepted);
    const outcome = await outcomeOf(accepted, { error });
    await settle(room.parts, accepted, client, outcome);
    const preferred = room.kept.affinity.preferred(String(accepted.request.conversation));
    expect(preferred).toBe(error === null ? outcome.slot?.upstream : null);
  }
});
