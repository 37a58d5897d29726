import { expect, it } from "vitest";
import { GatewayError } from "../errors.ts";
import { ClientLeft } from "../exchange.ts";
import type { Underway } from "../generation/keeper.ts";
import { reserve } from "../generation/reserve.ts";
import { Roster } from "../roster.ts";
import { until } from "../test/support/harness.ts";
import { type TestGenerationOptions, testGeneration } from "../test/support/test-generation.ts";
import { AnsweredStatus, failureOf } from "../upstreams/failure.ts";
import { createKeeperService } from "./keeper-service.ts";
import type { FromKeeper, ToKeeper } from "./messages.ts";
import { createRemoteKeeper } from "./remote-keeper.ts";

/** A worker and the keeper's side of its link, over a real line, real limits and a real ledger. */
function workerOf(options: TestGenerationOptions = {}) {
  const room = testGeneration(options);
  /** Messages of the keeper that are held back until `deliver`. */
  const held: FromKeeper[] = [];
  let isHeld = false;
  const answer = (message: FromKeeper): void => {
    if (isHeld) held.push(message);
    else setImmediate(() => remote.answered(JSON.parse(JSON.stringify(message)) as FromKeeper));
  };
  const service = createKeeperService(room.parts.keeper, { send: answer });
  const remote = createRemoteKeeper({
    send: (message) => service.asked(JSON.parse(JSON.stringify(message)) as ToKeeper),
  });
  const parts = { ...room.parts, keeper: remote };
  return {
    room,
    service,
    hold(): void {
      isHeld = true;
    },
    deliver(): void {
      isHeld = false;
      for (const message of held.splice(0)) remote.answered(message);
    },
    accept: () => reserve(parts, room.given()),
  };
}

it("refuses a request that has no room with the same error as in one process", async () => {
  const { accept, room } = workerOf({ maxQueue: 0 });
  await accept();
  await expect(accept()).rejects.toMatchObject({
    ...{ code: "queue_full", status: 503, headers: { "retry-after": expect.any(String) } },
  });
  expect(room.line.view()).toMatchObject({ active: 1, waiting: 0 });
});

it("gives back all that a dead process held: its slot, its place and its limits", async () => {
  const { accept, room, service } = workerOf({
    forAll: [
      {
        windowMs: null,
        mode: null,
        fields: { tokens: { max: 1_000, windowMs: null, mode: null } },
      },
    ],
  });
  const [runs, waits] = [await accept(), await accept()];
  await runs.admission.turn(() => {});
  expect(room.line.view()).toMatchObject({ active: 1, waiting: 1 });
  await service.lost();
  expect(room.line.view()).toMatchObject({ active: 0, waiting: 0 });
  for (const { exchange } of [runs, waits]) {
    expect(room.row(exchange.id)).toMatchObject({ state: "interrupted", status: null });
  }
  const { limits } = room.kept;
  const next = limits.reserve(
    runs.identity,
    { dialect: "chat", estimate: { input: 0, output: 0 } },
    Date.now(),
  );
  expect(Number(next.headers["x-ratelimit-remaining-tokens"])).toBeGreaterThan(990);
});

it("gives back a slot that was on its way when the client left", async () => {
  const { accept, room, hold, deliver } = workerOf();
  const first = await accept();
  const slot = await first.admission.turn(() => {});
  const second = await accept();
  const turn = second.admission.turn(() => {});
  hold();
  slot.end(null, {});
  await until(() => room.line.view().waiting === 0, "the second one has the slot");
  second.stop.abort(new ClientLeft());
  await expect(turn).rejects.toThrow(ClientLeft);
  deliver();
  await until(() => room.line.view().active === 0, "the slot is free");
});

it("gives back a slot that comes free in the moment in which the next client leaves", async () => {
  const { accept, room } = workerOf();
  const first = await accept();
  const slot = await first.admission.turn(() => {});
  const second = await accept();
  const turn = second.admission.turn(() => {});
  slot.end(null, {});
  second.stop.abort(new ClientLeft());
  await expect(turn).rejects.toThrow(ClientLeft);
  await until(() => room.line.view().active === 0, "the slot is free");
});

it("stops a generation that another process serves", async () => {
  const { accept, room } = workerOf();
  const underway = new Roster<Underway>();
  room.kept.underway = underway;
  const { exchange, admission } = await accept();
  await admission.turn(() => {});
  const found = underway.get(exchange.id);
  found?.stop.abort(new GatewayError("cancelled", "The request was stopped."));
  await until(() => exchange.signal.aborted, "it is stopped");
  expect(exchange.signal.reason).toMatchObject({ code: "cancelled", status: 499 });
});

it("knows that a client has left while its slot is still held", async () => {
  const { accept, room } = workerOf();
  const underway = new Roster<Underway>();
  room.kept.underway = underway;
  const { exchange, admission, stop } = await accept();
  const turn = await admission.turn(() => {});
  stop.abort(new ClientLeft());
  await until(() => underway.get(exchange.id)?.stop.signal.aborted === true, "it is known");
  expect(underway.get(exchange.id)?.stop.signal.reason).toBeInstanceOf(ClientLeft);
  expect(room.line.view().active).toBe(1);
  turn.end(null, {});
  expect(room.line.view().active).toBe(0);
});

it("sends a waiting request away with the reason of the line", async () => {
  const { accept, room } = workerOf();
  await accept();
  const { admission } = await accept();
  const places: number[] = [];
  const turn = admission.turn(({ position }) => places.push(position));
  await until(() => places.length > 0, "it is told its place");
  room.line.drain();
  await expect(turn).rejects.toMatchObject({ code: "shutting_down" });
  expect(places).toEqual([1]);
});

it.each([
  ["a dead upstream", new GatewayError("upstream_unreachable", "gone")],
  [
    "a 503 of the upstream",
    new GatewayError("upstream_error", "x", { cause: new AnsweredStatus(503) }),
  ],
  [
    "an upstream that is busy",
    new GatewayError("overloaded", "x", { headers: { "retry-after": "7" } }),
  ],
  ["a client that left", new ClientLeft()],
])("judges %s as the process did that saw it", async (_what, error) => {
  const { accept, room } = workerOf();
  const judged: unknown[] = [];
  room.kept.health = { began: () => {}, ended: (_name, failed) => judged.push(failureOf(failed)) };
  const { admission } = await accept();
  (await admission.turn(() => {})).end(error, {});
  expect(judged).toEqual([failureOf(error)]);
});

it("closes the row of a request that ends without a word as interrupted", async () => {
  const { accept, room } = workerOf();
  const { exchange, admission } = await accept();
  admission.end();
  await until(() => room.row(exchange.id)?.state === "interrupted", "it is closed");
  expect(room.line.view()).toMatchObject({ active: 0, waiting: 0 });
});
