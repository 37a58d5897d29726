import { expect, it } from "vitest";
import { ClientLeft } from "../exchange.ts";
import { until } from "../test/support/harness.ts";
import { testGeneration } from "../test/support/test-generation.ts";
import { reserve } from "./reserve.ts";

const oneRequest = {
  windowMs: null,
  mode: null,
  fields: { requests: { max: 1, windowMs: null, mode: null } },
};

it("opens a row that has what is known of the request", async () => {
  const { accept, row } = testGeneration();
  const { exchange } = accept();
  await until(() => row(exchange.id) !== undefined, "the row is written");
  expect(row(exchange.id)).toMatchObject({
    ...{ request_id: exchange.requestId, user: "alice", model: "tiny", upstream: "a" },
  });
});

it("refuses what is over a limit, and opens no row for it", () => {
  const { given, accept, parts, row } = testGeneration({ forAll: [oneRequest] });
  accept();
  const second = given();
  expect(() => reserve(parts, second)).toThrow(
    expect.objectContaining({ code: "rate_limit_exceeded", status: 429 }),
  );
  expect(row(second.exchange.id)).toBeUndefined();
});

it("takes the last place in the queue once, and says when to come again", async () => {
  const { given, accept, parts, line, row } = testGeneration({ maxQueue: 1 });
  const join = (): void => {
    const { exchange, identity, destination } = accept();
    const { id, signal } = exchange;
    const ticket = { id, signal, user: identity.user, model: "tiny", seats: destination.seats };
    void line.join(ticket).catch(() => {});
  };
  join();
  join();
  const third = given();
  expect(() => reserve(parts, third)).toThrow(
    expect.objectContaining({
      code: "queue_full",
      headers: { "retry-after": expect.stringMatching(/^\d+$/) },
    }),
  );
  expect(row(third.exchange.id)).toBeUndefined();
  line.drain();
});

it("refuses new work while the gateway or the line drains", () => {
  const { accept, parts, line } = testGeneration();
  line.drain();
  expect(() => accept()).toThrow(expect.objectContaining({ code: "shutting_down" }));
  line.resume();
  parts.draining = () => true;
  expect(() => accept()).toThrow(expect.objectContaining({ code: "shutting_down" }));
});

it("opens no row for a client that left while its body was read", () => {
  const { given, parts, row } = testGeneration();
  const left = given({ signal: AbortSignal.abort(new ClientLeft()) });
  expect(() => reserve(parts, left)).toThrow(ClientLeft);
  expect(row(left.exchange.id)).toBeUndefined();
});

it("names the conversation only if there are upstreams to choose from", () => {
  const where = "http://127.0.0.1:9";
  expect(testGeneration({ upstreams: { a: where } }).accept().conversation).toBeNull();
  const { accept } = testGeneration({ upstreams: { a: where, b: where } });
  const { conversation } = accept();
  expect(conversation).toEqual(expect.any(String));
  expect(accept().conversation).toBe(conversation);
});
