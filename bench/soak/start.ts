import { closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Children } from "../children.ts";
import { ready } from "../contestant.ts";
import { freePort, loopback } from "../loopback.ts";
import type { SoakGateway } from "./clients.ts";
import type { SoakUpstreams } from "./upstreams.ts";

const program = fileURLToPath(new URL("../../gateway/main.ts", import.meta.url));

export type StartedGateway = SoakGateway & {
  readonly pid: number;
  readonly database: string;
  readonly log: string;
  /** Ends it as an administrator would; resolves with its exit status. */
  stop(): Promise<number | null>;
};

/** Twelve users with shares and priorities, one with a limit, a slowed one, a capped one, an admin. */
function makeUsers(): Record<string, unknown> {
  const ordinary = Array.from({ length: 12 }, (_, at) => [
    `sk-soak-user-${at}`,
    { user: `user${at}`, weight: 1 + (at % 3), priority: at % 4 === 0 ? 1 : 0 },
  ]);
  return {
    ...Object.fromEntries(ordinary),
    "sk-soak-limited": { user: "limited", limits: { window: "60s", requests: 10 } },
    "sk-soak-slowed": { user: "slowed", limits: { window: "60s", tokens: 100, mode: "slow" } },
    "sk-soak-capped": { user: "capped", max_concurrent: 1, max_queued: 2 },
    "sk-soak-admin": { user: "root", role: "admin" },
  };
}

const configOf = ({ openai: [one, two], anthropic }: SoakUpstreams): string => `upstreams:
  a: { url: "${one}", type: openai, max_concurrent: 3 }
  b: { url: "${two}", type: openai, max_concurrent: 2 }
  c: { url: "${anthropic}", type: anthropic, key: k, max_concurrent: 2 }
routes:
  - { model: m, upstreams: [a, b], fallbacks: [{ name: c, model: claude }] }
  - { model: "claude*", upstream: c }
  - { model: "*", upstream: a }
`;

/** Starts the gateway as its users do, in front of the upstreams of a soak. */
export async function startSoakGateway(
  children: Children,
  folder: string,
  upstreams: SoakUpstreams,
): Promise<StartedGateway> {
  mkdirSync(folder, { recursive: true });
  const users = makeUsers();
  const [usersFile, config] = [join(folder, "users.json"), join(folder, "config.yaml")];
  writeFileSync(usersFile, JSON.stringify(users), { mode: 0o600 });
  writeFileSync(config, configOf(upstreams));
  const [port, log] = [await freePort(), join(folder, "gateway.log")];
  const database = join(folder, "gateway.db");
  const output = openSync(log, "w");
  const child = children.spawn(process.execPath, [program], {
    cwd: folder,
    output,
    env: {
      ...{ PATH: process.env.PATH ?? "", HOST: loopback, PORT: String(port) },
      ...{ USERS_FILE: usersFile, CONFIG_FILE: config, DATABASE_FILE: database },
      ...{ FIRST_BYTE_TIMEOUT: "3s", IDLE_TIMEOUT: "3s", MAX_QUEUE: "200", LOG_LEVEL: "warn" },
    },
  });
  closeSync(output);
  await ready(child, port, "/health", log);
  return {
    ...{ port, usersFile, users, database, log, pid: child.pid ?? 0 },
    adminKey: "sk-soak-admin",
    async stop() {
      await children.end(child);
      return child.exitCode;
    },
  };
}
