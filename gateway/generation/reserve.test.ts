import { expect, it } from "vitest";
import { ClientLeft } from "../exchange.ts";
import { until } from "../test/support/harness.ts";
import { testGeneration } from "../test/support/test-generation.ts";
import { reserve } from "./reserve.ts";
import { wishOf } from "./ticket-of.ts";

const oneRequest = {
  windowMs: null,
  mode: null,
  fields: { requests: { max: 1, windowMs: null, mode: null } },
};

it("opens a row that has what is known of the request", async () => {
  const { accept, row } = testGeneration();
  const { exchange } = await accept();
  await until(() => row(exchange.id) !== undefined, "the row is written");
  expect(row(exchange.id)).toMatchObject({
    ...{ request_id: exchange.requestId, user: "alice", model: "tiny", upstream: "a" },
  });
});

it("refuses what is over a limit, and opens no row and takes no place for it", async () => {
  const { given, accept, parts, row, line } = testGeneration({ forAll: [oneRequest] });
  await accept();
  const second = given();
  await expect(async () => reserve(parts, second)).rejects.toMatchObject({
    ...{ code: "rate_limit_exceeded", status: 429 },
  });
  expect(row(second.exchange.id)).toBeUndefined();
  expect(line.view()).toMatchObject({ active: 1, waiting: 0 });
});

it("takes the last place in the queue once, though many ask for it in one turn", async () => {
  const { given, parts, line, row } = testGeneration({ maxQueue: 1 });
  const asked = [given(), given(), given()];
  const taken = await Promise.allSettled(asked.map(async (one) => reserve(parts, one)));
  expect(taken.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
  expect(taken[2]).toMatchObject({
    reason: { code: "queue_full", headers: { "retry-after": expect.stringMatching(/^\d+$/) } },
  });
  expect(row(String(asked[2]?.exchange.id))).toBeUndefined();
  expect(line.view()).toMatchObject({ active: 1, waiting: 1 });
  line.drain();
});

it("refuses new work while the gateway or the line drains", async () => {
  const { accept, kept, line } = testGeneration();
  line.drain();
  await expect(accept()).rejects.toMatchObject({ code: "shutting_down" });
  line.resume();
  kept.draining = () => true;
  await expect(accept()).rejects.toMatchObject({ code: "shutting_down" });
});

it("opens no row for a client that left while its body was read", async () => {
  const { given, parts, row } = testGeneration();
  const left = given({ signal: AbortSignal.abort(new ClientLeft()) });
  await expect(async () => reserve(parts, left)).rejects.toThrow(ClientLeft);
  expect(row(left.exchange.id)).toBeUndefined();
});

it("gives back the slot and the place of a request that ends before it asks for them", async () => {
  const { accept, line } = testGeneration();
  const [runs, waits] = [await accept(), await accept()];
  expect(line.view()).toMatchObject({ active: 1, waiting: 1 });
  waits.admission.end();
  runs.admission.end();
  await until(() => line.view().active === 0 && line.view().waiting === 0, "all is given back");
});

it("names the conversation only if there are upstreams to choose from", () => {
  const { request, destination } = testGeneration().given();
  const [seat] = destination.seats.list;
  const wishFor = (count: number) =>
    wishOf(request, { key: "test", list: Array.from({ length: count }, () => seat ?? never()) });
  expect(wishFor(1).conversation).toBeNull();
  expect(wishFor(2).conversation).toBe(request.conversation);
});

const never = (): never => {
  throw new Error("the destination has a seat");
};
