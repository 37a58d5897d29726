import { expect, test } from "vitest";
import { faultsOf } from "../test/support/test-config.ts";

test.each<[string, RegExp]>([
  [
    "limits: {defaults: {tokens: lots}}",
    /^config\.yaml line 1, column 29: limits: defaults: tokens must be a number from 0 to 1e15, or off; for example tokens: 1000; it is lots$/,
  ],
  [
    "limits:\n  defaults:\n    tokenz: 5",
    /^config\.yaml line 3, column 5: limits: defaults: has no member tokenz \(did you mean tokens\?\)$/,
  ],
  [
    "limits: {roles: {user: {tokens: lots}}}",
    /column 33: limits: roles: user: tokens must be a number/,
  ],
  [
    "limits: {roles: {Boss: {tokens: 1}}}",
    /column 18: limits: roles: has no member Boss; there are user, admin$/,
  ],
  [
    "limits: {defaults: {tokens: {max: 10, window: 500ms}}}",
    /column 47: .*tokens: window must be a time with ms, s, m, h or d, at least 1s and at most 31d; for example window: 6h; it is 500ms$/,
  ],
  ["limits: {defaults: {mode: stop}}", /column 27: .*mode must be one of refuse, slow; /],
  ["limits: {defaults: {tokens: [1]}}", /column 29: .*tokens must be a single value; /],
  ["limits: {defaults: {tokens: {window: 1h}}}", /column 29: .*tokens: needs a max; /],
  ["limits: {defaults: {tokens_per_day: {max: 1, window: 1h}}}", /has no member window; there/],
  [
    "limits: {default: {}}",
    /column 10: limits: has no member default \(did you mean defaults\?\)$/,
  ],
  ["limits: {defaults: 5}", /column 20: limits: defaults: must have members: requests, /],
  ["limits: 5", /^limits: 5 \(config\.yaml line 1, column 9\): must be a section, or off/],
  [
    "middlewares: [{name: rate_limit, tokens: lots}]",
    /column 42: middleware rate_limit: tokens must be a number .* it is lots$/,
  ],
  ["middlewares: [{name: rate_limit, tokenz: 1}]", /column 34: .*did you mean tokens/],
])("%s is refused in one line with its place", (yaml, line) => {
  const faults = faultsOf(yaml);
  expect(faults).toHaveLength(1);
  expect(faults[0]).toMatch(line);
});

test("JSON in the environment is read by the same rules", () => {
  const [fault = ""] = faultsOf("", { LIMITS: '{"defaults": {"tokens": "lots"}}' });
  expect(fault).toMatch(/^LIMITS \(environment\) line 1, column 25: limits: defaults: tokens must/);
});

test.each([
  "limits: {defaults: {tokens: null, requests: off, cost: {max: 0.5, window: 30d, mode: slow}}}",
  "limits: {defaults: {window: 90m, mode: slow}, roles: {admin: {tokens: 1e6}, user: }}",
  "limits: {defaults: , roles: }",
  "limits: off",
  "middlewares: [{name: rate_limit, tokens: 5, window: 7d}]",
])("%s is right", (yaml) => expect(faultsOf(yaml)).toEqual([]));
