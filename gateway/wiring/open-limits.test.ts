import { expect, it } from "vitest";
import { fieldMetrics } from "../limits/limit-fields.ts";
import { faultsOf } from "../test/support/test-config.ts";

it.each(Object.keys(fieldMetrics))("rate_limit may be told %s, as users.json may", (name) => {
  expect(faultsOf(`middlewares:\n  - { name: rate_limit, ${name}: 1 }\n`)).toEqual([]);
});
