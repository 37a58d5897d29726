import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { config } from "../cli/config.ts";
import { runCommand } from "../test/support/run-command.ts";
import { faultsOf, loadConfig } from "../test/support/test-config.ts";
import { settingsReport } from "./settings-report.ts";

const secret = "made-up-secret-of-thirty-two-letters";
const upstreams = "upstreams: { gpu1: http://192.168.1.5:8080 }";
const env = { CLUSTER_SECRET: secret, DATABASE_URL: "postgres://a:b@db.lan/gateway" };

describe("gateways that share one queue", () => {
  test("need a secret, a database and upstreams with names", () => {
    const { settings } = loadConfig(upstreams, { ...env, CLUSTER_URL: "[fd00::5]:8100" });
    expect(settings.clusterSecret).toBe(secret);
    expect(settings.clusterUrl).toEqual({ host: "fd00::5", port: 8100 });
    expect(loadConfig(upstreams, env).settings.clusterUrl).toBeNull();
    expect(loadConfig("{}").settings).toMatchObject({ clusterSecret: null, clusterUrl: null });
  });

  test("may have upstreams that variables of providers make", () => {
    const { settings } = loadConfig("{}", { ...env, OPENAI_DOMAIN: "api.openai.com" });
    expect(settings.upstreams.map(({ name }) => name)).toEqual(["openai"]);
  });

  test("cannot do without a database", () => {
    expect(faultsOf(upstreams, { CLUSTER_SECRET: secret })).toEqual([
      "CLUSTER_SECRET=***: needs the PostgreSQL database that all gateways share; " +
        "for example DATABASE_URL=postgres://gateway:password@192.168.1.5/gateway",
    ]);
  });

  test("cannot use the upstream of UPSTREAM_URL, nor the echo, which have no name of their own", () => {
    const example = "for example upstreams: { gpu1: http://192.168.1.5:8080 } in config.yaml";
    const url = { UPSTREAM_URL: "http://127.0.0.1:8080" };
    const line =
      "UPSTREAM_URL=http://127.0.0.1:8080: must not be set with CLUSTER_SECRET: " +
      `name your upstreams in config.yaml; ${example}`;
    expect(faultsOf("{}", { ...env, ...url })).toEqual([line]);
    expect(faultsOf(upstreams, { ...env, ...url })).toEqual([line]);
    expect(faultsOf("{}", env)).toEqual([
      `CLUSTER_SECRET=***: needs upstreams with names of their own; ${example}`,
    ]);
    expect(faultsOf("{}", { CLUSTER_SECRET: secret })).toHaveLength(2);
  });

  test("are one process each", () => {
    for (const workers of ["2", "auto"]) {
      expect(faultsOf(upstreams, { ...env, WORKERS: workers })).toEqual([
        `WORKERS=${workers}: must be 1 with CLUSTER_SECRET: ` +
          "start more gateways on this machine instead, each with its own PORT and DATABASE_FILE",
      ]);
    }
  });

  test("have an address of their own only with a secret", () => {
    expect(faultsOf("{}", { CLUSTER_URL: "10.0.0.5:8100" })).toEqual([
      "CLUSTER_URL=10.0.0.5:8100: needs CLUSTER_SECRET, the same on each gateway; " +
        "make one with: openssl rand -hex 32",
    ]);
  });

  test.each([
    "10.0.0.5",
    "10.0.0.5:0",
    "x:70000",
    "0.0.0.0:8100",
    "[::]:8100",
    "http://x:1",
    "a b:1",
  ])("refuse the address %s", (address) => {
    expect(faultsOf(upstreams, { ...env, CLUSTER_URL: address })).toEqual([
      `CLUSTER_URL=${address} (environment): must be the host:port where other gateways reach ` +
        "this one, or auto; for example CLUSTER_URL=192.168.1.5:8100",
    ]);
  });

  test("refuse a short secret without repeating it", () => {
    const [fault = ""] = faultsOf(upstreams, { ...env, CLUSTER_SECRET: "made-up" });
    expect(fault).toContain("CLUSTER_SECRET=*** (environment): must be at least 32 characters");
  });

  test("show their secret nowhere", async () => {
    expect(JSON.stringify(settingsReport(loadConfig(upstreams, env)))).not.toContain(secret);
    using empty = mkdtempDisposableSync(join(tmpdir(), "cluster-faults-"));
    const given = { env: { CLUSTER_SECRET: secret }, cwd: empty.path };
    const { status, out, said } = await runCommand(config, ["check"], given);
    expect(status).toBe(1);
    expect(out + said).toContain("needs the PostgreSQL database");
    expect(out + said).not.toContain(secret);
  });
});
