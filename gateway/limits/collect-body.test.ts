import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { PassThrough } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { ExchangeStop } from "../stop-signal.ts";
import { type Collecting, collect } from "./collect-body.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Collects a body, and gives what took its pieces, without a hold on it. */
async function collected(request: IncomingMessage): Promise<WeakRef<Collecting<boolean>>> {
  const into = { take: () => true, result: (isWhole: boolean) => isWhole, free() {} };
  const { signal } = new ExchangeStop();
  const all = collect(request, null, into, { signal, timeoutMs: 1_000 });
  request.push("body");
  request.push(null);
  expect(await all).toBe(true);
  return new WeakRef(into);
}

test("a request that waits keeps nothing of the reading of its body, 3 kB of each", async () => {
  const request = new IncomingMessage(new Socket());
  const taker = await collected(request);
  await setImmediate();
  collectGarbage();
  expect(taker.deref()).toBeUndefined();
  expect(request.listenerCount("error")).toBe(1);
});

test("an inflater that fails when all of a body was taken frees nothing of it", async () => {
  const request = new IncomingMessage(new Socket());
  const inflate = new PassThrough();
  let isFreed = false;
  const free = (): void => {
    isFreed = true;
  };
  const into = { take: () => false, result: (isWhole: boolean) => isWhole, free };
  const all = collect(request, inflate, into, { signal: new ExchangeStop(), timeoutMs: 1_000 });
  request.push("more than was wanted");
  expect(await all).toBe(false);
  inflate.destroy(new Error("the rest is broken"));
  await new Promise((resolve) => inflate.once("close", resolve));
  expect(isFreed).toBe(false);
});
