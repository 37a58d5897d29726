import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Settings } from "../../settings/settings-table.ts";
import type { Surroundings } from "../frame/surroundings.ts";

/**
 * The key to ask with: LLM_GATEWAY_KEY, else a key of this machine (API_KEY, or the first key while
 * its file exists), else what a person types.
 * @param isLocal - false keeps the keys of this machine from other machines
 */
export async function findKey(
  settings: Pick<Settings, "apiKey" | "usersFile">,
  { env, cwd, canAsk, askSecret }: Surroundings,
  isLocal: boolean,
): Promise<string> {
  const own = isLocal ? (settings.apiKey ?? firstKey(resolve(cwd, settings.usersFile))) : null;
  let key = env.LLM_GATEWAY_KEY?.trim() || own;
  if (!key && canAsk) key = await askSecret("Key: ");
  if (!key) throw new Error("no key: set LLM_GATEWAY_KEY, or run this on a terminal");
  // With other characters fetch would throw an error that holds the key.
  if (!/^[\x21-\x7e]+$/.test(key)) throw new Error("the key has characters that a key cannot have");
  return key;
}

function firstKey(usersFile: string): string | null {
  const file = join(dirname(usersFile), "first-key");
  return existsSync(file) ? readFileSync(file, "utf8").trim() || null : null;
}
