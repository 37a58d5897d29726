import * as undici from "undici";
import { expect, it } from "vitest";
import { buildConnector, Client, errors, Pool } from "./undici-parts.ts";

it("has the package's own parts", () => {
  const { buildConnector: connector, Client: client, errors: faults, Pool: pool } = undici;
  expect({ buildConnector, Client, errors, Pool }).toEqual({
    buildConnector: connector,
    Client: client,
    errors: faults,
    Pool: pool,
  });
  expect(Pool).toBe(pool);
});
