import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startMockUpstream } from "../support/mock-upstream.ts";
import { cases } from "./cases.ts";
import { startFront } from "./conversion-server.ts";
import { errorEndings } from "./endings-errors.ts";
import { flowEndings } from "./endings-flow.ts";
import { expected, pairs } from "./pairs.ts";
import { answering, splits } from "./providers.ts";
import type { Stage } from "./stage.ts";
import { type Proven, pageWith } from "./table.ts";

const page = join(import.meta.dirname, "../../../docs/dialects.md");
const endings = [...errorEndings, ...flowEndings];

/** By pair and column, what was tried and what held; filled by the tests, told by the last one. */
const proven: Proven = new Map();
const prove = (pair: string, what: string, title: string, run: () => Promise<void>): void => {
  const columns = proven.get(pair) ?? new Map<string, { tried: number; held: number }>();
  const column = columns.get(what) ?? { tried: 0, held: 0 };
  proven.set(pair, columns.set(what, column));
  column.tried++;
  it(title, async () => {
    await run();
    column.held++;
  });
};

describe.each(pairs.map((pair) => [pair.name, pair] as const))("%s", (name, pair) => {
  const { client, provider } = pair;
  let stage: Stage;
  beforeAll(async () => {
    const upstream = await startMockUpstream(() => {});
    const front = await startFront({ provider, upstreamUrl: upstream.url });
    stage = { client, provider, upstream, front };
  });
  afterAll(async () => {
    await stage.front.close();
    await stage.upstream.close();
  });

  for (const one of cases) {
    for (const split of splits) {
      prove(name, one.name, `${one.name}, streamed in pieces of ${split}`, async () => {
        stage.upstream.answer(answering(provider, one, split));
        expect(await client.stream({ url: stage.front.url })).toEqual(expected(pair, one));
      });
    }
    prove(name, one.name, `${one.name}, not streamed`, async () => {
      stage.upstream.answer(answering(provider, one, "whole"));
      expect(await client.whole({ url: stage.front.url })).toEqual(expected(pair, one));
    });
  }

  for (const { what, title, prove: run } of endings) prove(name, what, title, () => run(stage));
});

it("docs/dialects.md is what was seen (UPDATE_DIALECTS=1 writes it)", () => {
  const before = readFileSync(page, "utf8");
  const now = pageWith(before, proven, pairs);
  if (process.env.UPDATE_DIALECTS === "1") writeFileSync(page, now);
  expect(readFileSync(page, "utf8")).toBe(now);
});
