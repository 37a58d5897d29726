import { existsSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { dirname, join } from "node:path";
import type { Settings } from "../settings/settings-table.ts";
import type { FirstKey } from "../users/first-users-file.ts";

/** The first key itself, for a terminal and once, or where it was put. */
export function firstKeyLines({ key, keyFile }: FirstKey): string[] {
  if (key !== null) return ["", `The first key, shown this once:  ${key}`];
  return ["", `The first key is in ${keyFile}; delete that file when you have it.`];
}

/**
 * Where the gateway is, what answers, and what to do next.
 *
 * @param publishedPort - the host's port where the gateway runs in a container, which knows neither
 * its host's addresses nor its folders; null elsewhere.
 */
export function welcomeLines(
  settings: Settings,
  port: number,
  firstKey: FirstKey | null,
  publishedPort: string | null,
): string[] {
  const addresses =
    publishedPort === null
      ? addressesOf(settings.host).map((address) => `http://${address}:${port}`)
      : [`http://localhost:${publishedPort}`];
  const key = publishedPort === null ? keyShown(settings, firstKey) : "$(./gateway.sh key)";
  const { upstreamUrl, upstreams } = settings;
  const servers = [
    ...upstreams.map(({ url }) => url),
    ...(upstreamUrl === null ? [] : [upstreamUrl]),
  ];
  const upstream =
    servers.length === 0
      ? [
          "No UPSTREAM_URL is set, so every answer is an echo. Name your model server, for example",
          "  UPSTREAM_URL=http://127.0.0.1:8080",
        ]
      : [`Answers come from ${[...new Set(servers)].join(", ")}`];
  return [
    "",
    "llm-gateway runs. Point any OpenAI client at",
    ...addresses.map((address) => `  ${address}/v1`),
    "and Anthropic clients at the same without /v1.",
    "",
    ...upstream,
    "",
    "Try it:",
    ...curlLines(addresses[0] ?? `http://127.0.0.1:${port}`, key, modelToName(settings)),
    "",
    publishedPort === null
      ? "Add people:  npm run users add NAME"
      : "Add people:  ./gateway.sh users add NAME",
  ];
}

/** The first key, or its file while nobody has deleted that. */
function keyShown({ usersFile }: Settings, firstKey: FirstKey | null): string {
  if (firstKey?.key) return firstKey.key;
  const file = join(dirname(usersFile), "first-key");
  return existsSync(file) ? `$(cat '${file}')` : "YOUR_KEY";
}

/** What the curl line has to ask for: null where a request need not name a model. */
function modelToName({ upstreams, upstreamUrl, routes }: Settings): string | null {
  const isNeedless = upstreams.length === 0 || upstreamUrl !== null;
  if (isNeedless || routes.some(({ model }) => model === "*")) return null;
  return routes.find(({ model }) => !/[*']/.test(model))?.model ?? "MODEL";
}

/** One command that works as it is pasted, where the first key and a model are known. */
function curlLines(address: string, key: string, model: string | null): string[] {
  const named = model === null ? "" : `"model":${JSON.stringify(model)},`;
  return [
    `  curl -N ${address}/v1/chat/completions -H "Authorization: Bearer ${key}" \\`,
    "    -H 'Content-Type: application/json' \\",
    `    -d '{${named}"stream":true,"messages":[{"role":"user","content":"Hello"}]}'`,
  ];
}

/** The addresses that others on the LAN can use; the loopback where there is no other. */
function addressesOf(host: string | null): string[] {
  if (host !== null && host !== "0.0.0.0" && host !== "::") {
    return [host.includes(":") ? `[${host}]` : host];
  }
  const found = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, family }) => !internal && family === "IPv4")
    .map(({ address }) => address);
  return found.length > 0 ? found : ["127.0.0.1"];
}
