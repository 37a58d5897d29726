import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Settings } from "../../settings/settings-table.ts";
import type { Terminal } from "../users/terminal.ts";

type Place = {
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  terminal: Terminal;
};

/**
 * The key to ask with: LLM_GATEWAY_KEY, else this machine's own (API_KEY, or the first key while
 * its file is there), else what is typed unseen. `isLocal` false keeps this machine's keys from
 * others.
 */
export async function findKey(
  settings: Pick<Settings, "apiKey" | "usersFile">,
  { env, cwd, terminal }: Place,
  isLocal: boolean,
): Promise<string> {
  const own = isLocal ? (settings.apiKey ?? firstKey(resolve(cwd, settings.usersFile))) : null;
  let key = env.LLM_GATEWAY_KEY?.trim() || own;
  if (!key && terminal.canAsk) key = await terminal.askSecret("Key: ");
  if (!key) throw new Error("no key: set LLM_GATEWAY_KEY, or run it on a terminal");
  // A header of anything else would throw with the key in its message.
  if (!/^[\x21-\x7e]+$/.test(key)) throw new Error("the key has characters that no key has");
  return key;
}

function firstKey(usersFile: string): string | null {
  const file = join(dirname(usersFile), "first-key");
  return existsSync(file) ? readFileSync(file, "utf8").trim() || null : null;
}
