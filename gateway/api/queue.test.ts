import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { allLines } from "../line/all-lines.ts";
import { createLine } from "../line/line.ts";
import { sampleExchange } from "../test/support/sample-event.ts";
import type { Viewer } from "./gateway-call.ts";
import { followQueue } from "./queue.ts";
import { QueueFeed } from "./queue-feed.ts";

/** Lines of which it is known how many follow them. */
function watchedLines() {
  const lines = allLines([createLine({ capacity: 1, maxQueue: null })], () => 1);
  let followers = 0;
  const onChange = (listener: () => void): (() => void) => {
    const end = lines.onChange(listener);
    followers++;
    return () => {
      followers--;
      end();
    };
  };
  return { lines: { ...lines, onChange }, followers: () => followers };
}

function follow(method: string, signal: AbortSignal, isStill = true, everyMs = 15_000) {
  const { lines, followers } = watchedLines();
  const identity = { user: "alice", role: "user", models: null, weight: 1, priority: 0 } as const;
  const viewer: Viewer = {
    exchange: sampleExchange({ method, signal }),
    identity: {
      ...identity,
      maxConcurrent: null,
      maxQueued: null,
      limits: null,
      notify: null,
      hint: "",
      digest: null,
    },
    isAdmin: false,
    isStill: async () => isStill,
  };
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  followQueue({ feed: new QueueFeed(lines) }, viewer, response, everyMs);
  return { response, followers };
}

it("is followed until the client leaves", () => {
  const stop = new AbortController();
  const { response, followers } = follow("GET", stop.signal);
  expect(followers()).toBe(1);
  stop.abort();
  expect(followers()).toBe(0);
  expect(response.writableEnded).toBe(true);
});

it("is followed for nobody who left while their token was checked: it would be for ever", () => {
  const { response, followers } = follow("GET", AbortSignal.abort());
  expect(followers()).toBe(0);
  expect(response.writableEnded).toBe(true);
});

it.each([
  [true, 1],
  [false, 0],
])("is followed on while the key is there (%s)", async (isStill, still) => {
  const stop = new AbortController();
  const { response, followers } = follow("GET", stop.signal, isStill, 5);
  await sleep(50);
  expect(followers()).toBe(still);
  expect(response.writableEnded).toBe(!isStill);
  stop.abort();
});

it("is a head alone for HEAD, which else would wait for its answer for ever", () => {
  const { response, followers } = follow("HEAD", new AbortController().signal);
  expect(followers()).toBe(0);
  expect(response.statusCode).toBe(200);
  expect(response.writableEnded).toBe(true);
});
