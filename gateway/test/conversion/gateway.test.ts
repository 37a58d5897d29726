import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway, until } from "../support/harness.ts";
import { cases } from "./cases.ts";
import { expected, pairs } from "./pairs.ts";
import { answering, providers } from "./providers.ts";

const told = cases.filter(({ name }) => name === "reasoning" || name === "parallel tool calls");

describe.each(providers.map((provider) => [provider.name, provider] as const))(
  "a whole gateway before %s",
  (_name, provider) => {
    let gateway: TestGateway;
    beforeAll(async () => {
      gateway = await startTestGateway(() => {}, { UPSTREAM_TYPE: provider.family });
    });
    afterAll(() => gateway.stop());

    const clients = pairs
      .filter((pair) => pair.provider === provider)
      .filter(({ client }) => client.dialect !== "gemini");
    it.each(clients.map((pair) => [pair.client.name, pair] as const))(
      "serves %s",
      async (_, pair) => {
        for (const one of told) {
          for (const how of ["stream", "whole"] as const) {
            gateway.upstream.answer(answering(provider, one, "seven bytes"));
            const before = gateway.rows().length;
            const had = await pair.client[how]({ url: gateway.url, key: gateway.keys.alice ?? "" });
            expect(had).toEqual(expected(pair, one));
            await until(() => gateway.rows().length > before, "it has a row");
            expect(gateway.rows().at(-1)).toMatchObject({
              dialect: pair.client.dialect,
              model: "asked",
              state: "done",
              streamed: how === "stream" ? 1 : 0,
              input_tokens: one.usage.input,
              output_tokens: one.usage.output,
              usage_source: "reported",
            });
          }
        }
        expect((await gateway.health()).line).toMatchObject({ active: 0, waiting: 0 });
      },
    );
  },
);
