import { existsSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { dirname, join } from "node:path";
import type { Settings } from "../settings/settings.ts";
import type { FirstKey } from "../users/first-users-file.ts";

/** The first key itself, for a terminal and once, or where it was put. */
export function firstKeyLines({ key, keyFile }: FirstKey): string[] {
  if (key !== null) return ["", `The first key, shown this once:  ${key}`];
  return ["", `The first key is in ${keyFile}; delete that file when you have it.`];
}

/** Where the gateway is, what answers, and what to do next. */
export function welcomeLines(
  settings: Settings,
  port: number,
  firstKey: FirstKey | null,
): string[] {
  const addresses = addressesOf(settings.host).map((address) => `http://${address}:${port}`);
  const upstream =
    settings.upstreamUrl === null
      ? [
          "No UPSTREAM_URL is set, so every answer is an echo. Name your model server, for example",
          "  UPSTREAM_URL=http://127.0.0.1:8080",
        ]
      : [`Answers come from ${settings.upstreamUrl}`];
  return [
    "",
    "llm-gateway runs. Point any OpenAI client at",
    ...addresses.map((address) => `  ${address}/v1`),
    "and Anthropic clients at the same without /v1.",
    "",
    ...upstream,
    "",
    "Try it:",
    ...curlLines(addresses[0] ?? `http://127.0.0.1:${port}`, firstKey, keyFileOf(settings)),
    "",
    "Add people:  npm run users add NAME     (with Docker: ./gateway.sh users add NAME)",
  ];
}

/** The first key's file, while nobody has deleted it. */
function keyFileOf({ usersFile }: Settings): string | null {
  const file = join(dirname(usersFile), "first-key");
  return existsSync(file) ? file : null;
}

/** One command that works as it is pasted, where the first key is known. */
function curlLines(address: string, firstKey: FirstKey | null, keyFile: string | null): string[] {
  const key = firstKey?.key ?? (keyFile !== null ? `$(cat '${keyFile}')` : "YOUR_KEY");
  return [
    `  curl -N ${address}/v1/chat/completions -H "Authorization: Bearer ${key}" \\`,
    "    -H 'Content-Type: application/json' \\",
    `    -d '{"stream":true,"messages":[{"role":"user","content":"Hello"}]}'`,
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
