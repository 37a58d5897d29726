import { readFileSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { check } from "../cli/config/check.ts";
import { startTestGateway, type TestGateway } from "./support/harness.ts";
import { politeChat } from "./support/mock-upstream.ts";
import { ownRoutes } from "./support/own-routes.ts";
import { runCommand } from "./support/run-command.ts";

const running: TestGateway[] = [];
afterEach(async () => {
  for (const gateway of running.splice(0)) await gateway.stop();
});

/** What `GET /limits` tells alice: `tokens 1000 in 3600 s`. */
async function limitsWith(env: Record<string, string>, config?: string): Promise<string[]> {
  const gateway = await startTestGateway(politeChat, env, config);
  running.push(gateway);
  const { body } = await ownRoutes(gateway.url, gateway.keys.alice).get("/limits");
  const { limits } = body as { limits: Record<string, unknown>[] };
  return limits.map((one) => `${one.metric} ${one.limit} in ${one.window_seconds} s`);
}

const on = { ENABLE_RATE_LIMITING: "true" };
const block = `middlewares:
  - auth
  - rate_limit
  - { name: trace, directory: data/traces, max_files: 1000, max_age: 7d, max_bytes: 1GiB }
`;

describe("ENABLE_RATE_LIMITING", () => {
  it.each([
    ["alone means 1000 tokens in an hour", on, ["tokens 1000 in 3600 s"]],
    [
      "with a window of its own keeps the 1000 tokens",
      { ...on, RATE_LIMIT_WINDOW_MIN: "5" },
      ["tokens 1000 in 300 s"],
    ],
    [
      "with MAX_REQUESTS is no limit on tokens",
      { ...on, MAX_REQUESTS: "100" },
      ["requests 100 in 3600 s"],
    ],
    ["with MAX_TOKENS=off is no limit", { ...on, MAX_TOKENS: "off" }, []],
    ["with MAX_TOKENS is this limit", { ...on, MAX_TOKENS: "7" }, ["tokens 7 in 3600 s"]],
    [
      "with a limit for a day is only this limit",
      { ...on, MAX_TOKENS_PER_DAY: "9" },
      ["tokens 9 in 86400 s"],
    ],
    [
      "with MAX_UPSTREAM_SECONDS is only this limit",
      { ...on, MAX_UPSTREAM_SECONDS: "9" },
      ["upstream_seconds 9 in 3600 s"],
    ],
    ["off leaves MAX_TOKENS without effect", { MAX_TOKENS: "7" }, []],
  ])("%s", async (_name, env, expected) => {
    expect(await limitsWith(env)).toEqual(expected);
  });

  it.each([
    ["limits:\n  defaults: { requests: 5 }\n", ["requests 5 in 3600 s"]],
    ["limits:\n  defaults: { cost: 5 }\n", ["cost 5 in 3600 s"]],
    ["limits:\n  roles: { admin: { requests: 5 } }\n", []],
    ["middlewares:\n  - { name: rate_limit, requests: 6 }\n", ["requests 6 in 3600 s"]],
  ])("with limits in the config file adds none of its own: %j", async (config, expected) => {
    expect(await limitsWith(on, config)).toEqual(expected);
  });

  it("is not turned on by the example's middlewares", async () => {
    expect(await limitsWith({}, block)).toEqual([]);
    expect(await limitsWith(on, block)).toEqual(["tokens 1000 in 3600 s"]);
  });

  it("is told by `config check` as GET /limits tells it", async () => {
    const told = async (env: Record<string, string>): Promise<string | undefined> => {
      const { out } = await runCommand(check, [], { env, cwd: "/nowhere" });
      return out.split("\n").find((line) => line.startsWith("MAX_TOKENS="));
    };
    expect(await told(on)).toBe("MAX_TOKENS=1000  (ENABLE_RATE_LIMITING alone)");
    expect(await told({ ...on, MAX_REQUESTS: "9" })).toBe("MAX_TOKENS=off  (default)");
  });
});

it("a role of a name of its own has the limits that the settings give it", async () => {
  const config = "limits:\n  roles: { student: { tokens_per_day: 5000 } }\n";
  const gateway = await startTestGateway(politeChat, {}, config);
  running.push(gateway);
  const users = JSON.parse(readFileSync(gateway.usersFile, "utf8"));
  users[gateway.keys.alice ?? ""] = { user: "alice", role: "student" };
  writeFileSync(gateway.usersFile, JSON.stringify(users));
  const limitsOf = async (key: string | undefined) => {
    const { body } = await ownRoutes(gateway.url, key).get("/limits");
    return (body as { limits: { limit: number }[] }).limits.map(({ limit }) => limit);
  };
  expect(await limitsOf(gateway.keys.alice)).toEqual([5000]);
  expect(await limitsOf(gateway.keys.bob)).toEqual([]);
  // It gives no right.
  const all = await ownRoutes(gateway.url, gateway.keys.alice).get("/limits?user=bob");
  expect(all.status).toBe(403);
});
