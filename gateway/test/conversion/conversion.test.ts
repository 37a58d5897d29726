import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type MockUpstream, startMockUpstream } from "../mock-upstream.ts";
import { cases } from "./cases.ts";
import { type Front, startFront } from "./conversion-server.ts";
import { expected, pairs } from "./pairs.ts";
import { answering, splits } from "./providers.ts";

describe.each(pairs.map((pair) => [pair.name, pair] as const))("%s", (_name, pair) => {
  let upstream: MockUpstream;
  let front: Front;
  beforeAll(async () => {
    upstream = await startMockUpstream(() => {});
    front = await startFront({ provider: pair.provider, upstreamUrl: upstream.url });
  });
  afterAll(async () => {
    await front.close();
    await upstream.close();
  });

  for (const one of cases) {
    it.each(splits)(`${one.name}, streamed in pieces of %s`, async (split) => {
      upstream.answer(answering(pair.provider, one, split));
      expect(await pair.client.stream({ url: front.url })).toEqual(expected(pair, one));
    });

    it(`${one.name}, not streamed`, async () => {
      upstream.answer(answering(pair.provider, one, "whole"));
      expect(await pair.client.whole({ url: front.url })).toEqual(expected(pair, one));
    });
  }
});
