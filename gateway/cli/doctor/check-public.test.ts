import { expect, it } from "vitest";
import { checkPublicPort } from "./check-public.ts";

it.each([
  [null, "0.0.0.0", false],
  [8001, "127.0.0.1", false],
  [8001, "::1", false],
  [8001, "localhost", false],
  [8001, "0.0.0.0", true],
])("a public port that only the tunnel can reach is well: %s on %s", (port, host, isContainer) => {
  expect(checkPublicPort(port, host, isContainer)).toEqual([]);
});

it.each(["0.0.0.0", "::", "192.168.1.10"])("one that the LAN can reach is told: %s", (host) => {
  expect(checkPublicPort(8001, host, false)).toEqual([
    expect.objectContaining({ state: "warn", todo: expect.stringContaining("PUBLIC_HOST") }),
  ]);
});
