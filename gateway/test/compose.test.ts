import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";

const root = join(import.meta.dirname, "../..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const compose = parse(read("docker-compose.yml"), { merge: true });
const tunnel = parse(read("cloudflared/compose.tunnel.yml")).services.cloudflared;
const { gateway, data } = compose.services;

test("the tunnel's example config leads to the public port, and refuses every other name", () => {
  const {
    tunnel: id,
    "credentials-file": credentials,
    ingress,
  } = parse(read("cloudflared/config.example.yml"));
  expect(credentials).toContain(id);
  expect(ingress[0].service).toBe(`http://gateway:${gateway.environment.PUBLIC_PORT}`);
  expect(ingress.at(-1)).toEqual({ service: "http_status:404" });
});

test("cloudflared keeps idle connections for less than the gateway does", () => {
  const { ingress } = parse(read("cloudflared/config.example.yml"));
  const gatewayKeeps = Number(
    /keepAliveTimeout: (\d+)_000/.exec(read("gateway/server/listen.ts"))?.[1],
  );
  expect(gatewayKeeps).toBeGreaterThan(
    Number.parseInt(ingress[0].originRequest.keepAliveTimeout, 10),
  );
});

test("gateway and connector are read-only, without capabilities and new privileges, and bounded", () => {
  for (const service of [gateway, tunnel]) {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
      logging: { options: { "max-size": "10m" } },
    });
    expect(service.cap_add).toBeUndefined();
    expect(service.mem_limit).toBeTruthy();
    expect(service.pids_limit).toBeTruthy();
  }
  expect(gateway.user).not.toMatch(/root|^0/);
  // The one step that is root has one right and no network.
  expect(data).toMatchObject({ cap_drop: ["ALL"], cap_add: ["CHOWN"], network_mode: "none" });
});

test("the public port is published nowhere, and PORT is only the host's side", () => {
  expect(gateway.ports).toEqual([expect.stringMatching(/^\$\{PORT:-.*\}:8000$/)]);
  expect(gateway.environment.PORT).toBe("8000");
  expect(tunnel.ports).toBeUndefined();
});

test("the image is slim, not root's, looks after its health, and has its port and data in their place", () => {
  const dockerfile = read("gateway/Dockerfile");
  expect(dockerfile).toContain("ARG NODE_IMAGE=node:26-bookworm-slim\n");
  expect(dockerfile).toMatch(/\nUSER node\n.*\nHEALTHCHECK .*127\.0\.0\.1:8000\/health.*\nCMD /s);
  expect(dockerfile).toMatch(/PORT=8000 .*USERS_FILE=\/app\/data\/users\.json/s);
  expect(dockerfile).toContain("VOLUME /app/data");
  expect(dockerfile).toContain("npm ci --omit=dev --omit=optional");
});

test("data is mounted as one directory", () => {
  expect(gateway.volumes).toEqual(["./data:/app/data:z"]);
});

test("a stop waits longer than the drain", () => {
  const drain = /#DRAIN_TIMEOUT=(\d+)s/.exec(read(".env.example"))?.[1];
  expect(Number.parseInt(gateway.stop_grace_period, 10)).toBeGreaterThan(Number(drain));
});

/** What an image's name becomes where `.env` says nothing; null where it has no tag. */
function defaultTag(image: string): string | null {
  const name = image.replaceAll(/\$\{\w+:-([^}]*)\}/g, "$1");
  return /:([^/:@]+)(@sha256:[0-9a-f]{64})?$/.exec(name)?.[1] ?? null;
}

test("every image that is pulled is pinned by a version", () => {
  const services = { ...compose.services, cloudflared: tunnel } as Record<string, Service>;
  type Service = { image: string; build?: object; pull_policy?: string };
  const pulled = Object.values(services).filter(
    ({ build, pull_policy: policy }) => build === undefined && policy !== "never",
  );
  expect(pulled.length).toBe(5);
  for (const { image } of pulled) {
    const tag = defaultTag(image);
    expect(tag, image).toMatch(/\d{2,}|\d+\.\d+\.\d+/);
    expect(tag, image).not.toMatch(/latest|main|master|nightly|edge/);
  }
  // The GPU's image that the comment names is of the same build.
  const [, build] = /llama\.cpp:server-(b\d+)\}/.exec(compose.services.llama.image) ?? [];
  expect(read("docker-compose.yml")).toContain(`llama.cpp:server-cuda-${build}`);
});

test("the tunnel's image is the same wherever it is named", () => {
  const named = [...read("cloudflared/README.md").matchAll(/cloudflare\/cloudflared:(\S+)/g)];
  expect(new Set(named.map(([, tag]) => tag))).toEqual(new Set([defaultTag(tunnel.image)]));
});

test("the tunnel's token reaches the connector alone", () => {
  expect(gateway.environment.TUNNEL_TOKEN).toBe("");
  expect(read("docker-compose.yml").match(/\$\{TUNNEL_TOKEN/g)).toHaveLength(1);
});

test("the profile llama has a number of slots of its own: MAX_CONCURRENT may be auto", () => {
  const { LLAMA_ARG_N_PARALLEL: slots } = compose.services.llama.environment;
  expect(slots).toMatch(/^\$\{LLAMA_SLOTS:-1\}$/);
});

test("Open WebUI says who asks, signed, and marks its background calls from its first start on", () => {
  const { environment } = compose.services.webui;
  expect(environment).toMatchObject({
    BYPASS_MODEL_ACCESS_CONTROL: "true",
    ENABLE_FORWARD_USER_INFO_HEADERS: "true",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: compose fills it in
    FORWARD_USER_INFO_HEADER_JWT_SECRET: "${WEBUI_JWT_SECRET:-}",
  });
  const { headers } = JSON.parse(environment.OPENAI_API_CONFIGS)[0];
  expect(headers).toEqual({ "X-OpenWebUI-Task": "{{TASK}}" });
});

test("Prometheus and Grafana are only in the profile monitoring, locked down, and find what they show", () => {
  const { prometheus, grafana } = compose.services;
  for (const service of [prometheus, grafana]) {
    expect(service).toMatchObject({ profiles: ["monitoring"], read_only: true, cap_drop: ["ALL"] });
  }
  // A first password that everybody knows is for this machine alone.
  expect(grafana.ports).toEqual([expect.stringMatching(/^\$\{GRAFANA_HOST:-127\.0\.0\.1\}:/)]);
  expect(prometheus.ports).toBeUndefined();
  const mounted = [...prometheus.volumes, ...grafana.volumes].filter((one) => one.startsWith("./"));
  expect(mounted).toHaveLength(3);
  for (const volume of mounted) expect(existsSync(join(root, volume.split(":")[0]))).toBe(true);
  const { scrape_configs: jobs, rule_files: rules } = parse(read("docs/prometheus/prometheus.yml"));
  expect(jobs[0].static_configs[0].targets).toEqual([`gateway:${gateway.environment.PORT}`]);
  for (const file of rules) expect(existsSync(join(root, "docs/prometheus", file))).toBe(true);
  const [source] = parse(read("docs/grafana/provisioning/datasources/prometheus.yml")).datasources;
  expect(source.url).toBe("http://prometheus:9090");
  const [provider] = parse(read("docs/grafana/provisioning/dashboards/llm-gateway.yml")).providers;
  const shown = `:${provider.options.path}/llm-gateway.json:`;
  expect(grafana.volumes.some((volume: string) => volume.includes(shown))).toBe(true);
});
