import type { Settings } from "../settings/settings-table.ts";
import type { Finding } from "../upstreams/inspect/finding.ts";
import { firstKeyFile, readFirstKey } from "../users/first-key.ts";
import type { FirstKey } from "../users/first-users-file.ts";
import { addressesOf } from "./addresses.ts";

/** The first key, if a terminal shows it, or the command that does. */
export function firstKeyLines({ key, keyFile }: FirstKey): string[] {
  if (key !== null) {
    const keeps = "Keep it. For 24 hours, ./gateway.sh key shows it once more.";
    return ["", `The first key:  ${key}`, keeps];
  }
  return ["", `The first key waits 24 hours in ${keyFile}: ./gateway.sh key shows it.`];
}

/**
 * What a person reads at the start: the page, the addresses, the upstreams, and what to do next.
 *
 * @param publishedPort - the port on the host, if the gateway runs in a container: it knows neither
 * the addresses nor the folders of the host. Otherwise null.
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
          "No upstream is set, so every answer is an echo. Set your model server, for example",
          ...(publishedPort === null
            ? ["  UPSTREAM_URL=http://127.0.0.1:8080"]
            : [
                "  UPSTREAM_URL=http://host.docker.internal:8080",
                "A server on this machine must listen on Docker's address, not on 127.0.0.1:",
                "  llama-server --host 172.17.0.1      (docs/operations.md has other ways)",
              ]),
        ]
      : [`Answers come from ${[...new Set(servers)].join(", ")}`];
  return [
    "",
    "llm-gateway runs. Its page, for a browser:",
    ...addresses.map((address) => `  ${address}/`),
    "Sign in there with a key. Set the base URL of an OpenAI client to",
    ...addresses.map((address) => `  ${address}/v1`),
    "and of an Anthropic client to the same without /v1.",
    "",
    ...upstream,
    "",
    "Try it:",
    ...curlLines(addresses[0] ?? `http://127.0.0.1:${port}`, key, modelToName(settings)),
    "",
    "Add a person:  ./gateway.sh users invite NAME    a link that opens the page, and gives a key",
    "               ./gateway.sh users add NAME       the key itself",
  ];
}

/** What needs attention at the upstreams, as doctor says it. */
export function findingLines(findings: readonly Finding[]): string[] {
  const lines = findings.flatMap(({ says, todo }) => [`  ${says}`, `    -> ${todo}`]);
  return ["", "Look at:", ...lines];
}

/** The first key, or a command that reads it while its file exists. */
function keyShown({ usersFile }: Settings, firstKey: FirstKey | null): string {
  if (firstKey?.key) return firstKey.key;
  if (readFirstKey(usersFile, Date.now()) === null) return "YOUR_KEY";
  return `$(cat '${firstKeyFile(usersFile)}')`;
}

/** The model of the curl line; null if a request needs no model. */
function modelToName({ upstreams, upstreamUrl, routes }: Settings): string | null {
  const isNeedless = upstreams.length === 0 || upstreamUrl !== null;
  if (isNeedless || routes.some(({ model }) => model === "*")) return null;
  return routes.find(({ model }) => !/[*']/.test(model))?.model ?? "MODEL";
}

/** One command that works when it is pasted, if the first key and a model are known. */
function curlLines(address: string, key: string, model: string | null): string[] {
  const named = model === null ? "" : `"model":${JSON.stringify(model)},`;
  return [
    `  curl -N ${address}/v1/chat/completions -H "Authorization: Bearer ${key}" \\`,
    "    -H 'Content-Type: application/json' \\",
    `    -d '{${named}"stream":true,"messages":[{"role":"user","content":"Hello"}]}'`,
  ];
}
