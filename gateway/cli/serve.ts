import { networkInterfaces } from "node:os";
import { type Gateway, startGateway } from "../serve.ts";
import { loadSettings } from "../settings/load-settings.ts";
import type { Settings } from "../settings/settings.ts";
import { createFirstUsersFile, type FirstKey } from "../users/first-users-file.ts";
import { version } from "./version.ts";

/**
 * Runs the gateway until it is told to stop; gives the exit code. What a person reads goes to standard
 * error, the log to standard output.
 */
export async function serve(argv: string[]): Promise<number> {
  const { settings } = loadSettings({ argv, env: process.env, cwd: process.cwd() });
  const firstKey =
    settings.apiKey === null
      ? await createFirstUsersFile({
          file: settings.usersFile,
          user: settings.apiUser,
          isTerminal: process.stderr.isTTY === true,
        })
      : null;
  const gateway = await startGateway(settings, {
    version: version(),
    pretty: process.stdout.isTTY === true,
  });
  process.stderr.write(`${welcome(settings, gateway, firstKey)}\n`);
  await toldToStop();
  await gateway.stop();
  return 0;
}

/** The first SIGTERM or SIGINT; a second one ends the process at once. */
function toldToStop(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      process.on("SIGTERM", () => process.exit(1));
      process.on("SIGINT", () => process.exit(1));
      resolve();
    };
    process.once("SIGTERM", stop);
    process.once("SIGINT", stop);
  });
}

/** Where it is, with which key, and what to do next. */
function welcome(settings: Settings, gateway: Gateway, firstKey: FirstKey | null): string {
  const addresses = addressesOf(settings.host).map((host) => `http://${host}:${gateway.port}`);
  const [first = `http://localhost:${gateway.port}`] = addresses;
  const lines = [
    "",
    "llm-gateway runs. Point any OpenAI or Anthropic client at",
    ...addresses.map((address) => `  ${address}/v1`),
    "",
  ];
  if (settings.upstreamUrl === null) {
    lines.push(
      "No UPSTREAM_URL is set: answers are echoes. Set it to your server, for example",
      "  UPSTREAM_URL=http://127.0.0.1:8080",
      "",
    );
  }
  if (firstKey?.key) lines.push(`The first key, shown this once:  ${firstKey.key}`, "");
  if (firstKey?.keyFile) lines.push(`The first key is in ${firstKey.keyFile}`, "");
  const key = firstKey?.key ?? (firstKey?.keyFile ? `$(cat '${firstKey.keyFile}')` : "YOUR_KEY");
  lines.push(
    "Try it:",
    `  curl -N ${first}/v1/chat/completions -H "Authorization: Bearer ${key}" \\\\`,
    `    -H 'Content-Type: application/json' -d '{"stream":true,"messages":[{"role":"user","content":"Hello"}]}'`,
    "",
    "Add people:  node gateway/main.ts users add NAME",
  );
  return lines.join("\n");
}

/** The addresses others on the LAN can use; the loopback where there is no other. */
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
