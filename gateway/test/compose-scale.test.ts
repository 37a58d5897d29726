import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";

const root = join(import.meta.dirname, "../..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const alone = parse(read("docker-compose.yml"), { merge: true });
const scale = parse(read("docker-compose.scale.yml"), { merge: true });
const { gateway, "gateway-2": second, data, postgres, caddy } = scale.services;
/** Caddy's directives, without comments. */
const caddyfile = read("scale/Caddyfile").replace(/^\s*#.*$/gm, "");

const locked = {
  read_only: true,
  cap_drop: ["ALL"],
  security_opt: ["no-new-privileges:true"],
  logging: { options: { "max-size": "10m" } },
};

test("each gateway is locked down and stopped as a single one is", () => {
  const { user, init, restart, tmpfs, pids_limit, mem_limit, stop_grace_period } =
    alone.services.gateway;
  for (const one of [gateway, second]) {
    expect(one).toMatchObject({
      ...locked,
      ...{ user, init, restart, tmpfs, pids_limit, mem_limit, stop_grace_period },
    });
  }
});

test("every other service has no right that its image does not need, and is bounded", () => {
  for (const service of [postgres, caddy]) {
    expect(service).toMatchObject({ ...locked, restart: "unless-stopped" });
    expect(service.healthcheck.test).toBeTruthy();
    expect(service.mem_limit).toBeTruthy();
    expect(service.pids_limit).toBeTruthy();
  }
  expect(caddy.cap_add).toEqual(["NET_BIND_SERVICE"]);
  expect(data).toMatchObject({ ...locked, cap_add: ["CHOWN"], network_mode: "none" });
});

test("the gateways have the same settings and users, and each a spool of its own", () => {
  expect(second.environment).toEqual(gateway.environment);
  expect(second.env_file).toEqual(gateway.env_file);
  const spools = [gateway, second].map(({ volumes }) => {
    expect(volumes[0]).toBe("./data:/app/data:z");
    expect(volumes).toHaveLength(2);
    const [volume, path] = volumes[1].split(":");
    expect(gateway.environment.DATABASE_FILE.startsWith(`${path}/`)).toBe(true);
    return volume;
  });
  expect(new Set(spools).size).toBe(2);
  for (const spool of spools) {
    expect(scale.volumes).toHaveProperty(spool);
    expect(data.volumes.some((volume: string) => volume.startsWith(`${spool}:`))).toBe(true);
  }
});

test("the settings that both files make are the same", () => {
  const { environment } = alone.services.gateway;
  for (const name of Object.keys(environment).filter((it) => it !== "DATABASE_FILE")) {
    expect([name, gateway.environment[name]]).toEqual([name, environment[name]]);
  }
});

test("Caddy alone is published, at PORT, and the gateways believe its network alone", () => {
  expect(caddy.ports).toEqual(alone.services.gateway.ports);
  for (const service of [gateway, second, postgres]) expect(service.ports).toBeUndefined();
  const { subnet } = scale.networks.gateways.ipam.config[0];
  expect(gateway.environment.TRUSTED_PROXIES).toBe(subnet);
  expect(postgres.networks).toEqual(["gateways"]);
});

test("the tunnel starts as with a single gateway, and finds Caddy by the gateway's name", () => {
  expect(scale.include).toEqual(alone.include);
  expect(caddy.networks.default.aliases).toEqual(["gateway"]);
  // In the tunnel's network this name is Caddy: there, no gateway may have it.
  expect(Object.keys(gateway.networks)).toEqual(["gateways"]);
  expect(caddyfile).not.toMatch(/\bgateway:/);
  expect(caddyfile).toContain(`:${gateway.environment.PUBLIC_PORT} {`);
});

test("both secrets are asked for, and stand in no file", () => {
  for (const name of ["POSTGRES_PASSWORD", "CLUSTER_SECRET"]) {
    expect(read("docker-compose.scale.yml")).toMatch(new RegExp(`\\$\\{${name}:\\?`));
  }
  expect(postgres.environment.POSTGRES_HOST_AUTH_METHOD).toBeUndefined();
});

test("the images of others are pinned by a version", () => {
  expect(postgres.image).toMatch(/^\$\{POSTGRES_IMAGE:-postgres:\d+\.\d+-bookworm\}$/);
  expect(caddy.image).toMatch(/^\$\{CADDY_IMAGE:-caddy:\d+\.\d+\.\d+\}$/);
});

test("Caddy knows every gateway, tells it when a client leaves, and sends nothing twice", () => {
  for (const port of ["8000", "8001"]) {
    const names = [...gateway.networks.gateways.aliases, "gateway-2"].map((it) => `${it}:${port}`);
    expect(caddyfile).toContain(`reverse_proxy ${names.join(" ")} {`);
  }
  expect(caddyfile).toMatch(/health_uri \/ready\n/);
  expect(caddyfile).not.toContain("flush_interval");
  // Without a matcher only a request that found no connection is tried again, unless it is a GET.
  expect(caddyfile).toContain("lb_try_duration");
  expect(caddyfile).not.toContain("lb_retry_match");
  expect(caddyfile).not.toMatch(/_buffers|timeout 0|read_timeout|response_header_timeout/);
});

test("Caddy forgets an idle connection before the gateway closes it", () => {
  const kept = Number(/keepalive (\d+)s/.exec(caddyfile)?.[1]);
  const closed = Number(/keepAliveTimeout: (\d+)_000/.exec(read("gateway/server/listen.ts"))?.[1]);
  expect(kept).toBeLessThan(closed);
});
