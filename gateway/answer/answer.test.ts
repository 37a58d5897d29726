import { IncomingMessage, ServerResponse } from "node:http";
import { Duplex } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { sse } from "../dialects/sse/sse-framing.ts";
import { GatewayError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { Answer } from "./answer.ts";
import { createPulse, type Pulse } from "./pulse.ts";

let pulse: Pulse;
beforeEach(() => {
  vi.useFakeTimers();
  pulse = createPulse();
});
afterEach(() => {
  pulse.stop();
  vi.useRealTimers();
});

/** An answer of one who streams and waits, and what its client has got. */
function waiting(headers: Record<string, string> = { "x-forwarded-for": "10.0.0.7" }): {
  answer: Answer;
  got: () => string;
} {
  let text = "";
  const socket = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, taken) {
      text += chunk.toString("latin1");
      taken();
    },
  });
  const request = new IncomingMessage(socket as never);
  Object.assign(request.headers, headers);
  const response = new ServerResponse(request);
  response.assignSocket(socket as never);
  const exchange = { requestId: "r1", dialect: "chat", isOpenRouter: false } as Exchange;
  const answer = new Answer(request, response, exchange, {
    ...{ pulse, queueEvents: "comment", keepAliveMs: 15_000, silenceMs: null, stallMs: 60_000 },
    mayFrame: true,
  });
  answer.accepted({ model: null, framing: sse });
  return { answer, got: () => text };
}
const place = (position: number) => ({ position, of: 9, etaSeconds: null });

describe("a place in the queue", () => {
  it("is told at once to a client that no proxy stands before", async () => {
    const { answer, got } = waiting({});
    answer.place(place(3));
    await vi.advanceTimersByTimeAsync(0);
    expect(got()).toMatch(/: queue-position=3\n\n$/);
  });

  // golang/go#40747: a proxy in Go may cut an answer that begins at once.
  it("is told behind a proxy after the first tenth of a second, as it is then", async () => {
    const { answer, got } = waiting();
    answer.place(place(3));
    await vi.advanceTimersByTimeAsync(60);
    answer.place(place(2));
    await vi.advanceTimersByTimeAsync(39);
    expect(got()).toBe("");
    await vi.advanceTimersByTimeAsync(1);
    expect(got()).toMatch(/^HTTP\/1\.1 200 OK\r\n.*x-queue-position: 3\r\n/s);
    expect(got().match(/queue-position=\d/g)).toEqual(["queue-position=2"]);
    answer.place(place(1));
    await vi.advanceTimersByTimeAsync(0);
    expect(got()).toMatch(/: queue-position=1\n\n$/);
  });

  it("is not told to a client that got its turn sooner", async () => {
    const { answer, got } = waiting();
    answer.place(place(1));
    await vi.advanceTimersByTimeAsync(99);
    answer.started();
    await vi.advanceTimersByTimeAsync(1_000);
    expect([got(), answer.committed]).toEqual(["", false]);
  });

  it("leaves an error of a short wait its status", async () => {
    const { answer, got } = waiting();
    answer.place(place(1));
    answer.fail(new GatewayError("queue_full", "The queue is full."));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(got()).toMatch(/^HTTP\/1\.1 503 /);
    expect(got()).not.toContain("queue-position=");
    expect(vi.getTimerCount()).toBe(1);
  });
});
