import { resolve } from "node:path";
import type { Settings } from "../../settings/settings-table.ts";
import { readFirstKey } from "../../users/first-key.ts";
import type { Surroundings } from "../frame/surroundings.ts";

/**
 * The key to ask with: LLM_GATEWAY_KEY, else a key of this machine (API_KEY, or the first key while
 * its file exists), else what a person types.
 * @param isLocal - false keeps the keys of this machine from other machines
 */
export async function findKey(
  settings: Pick<Settings, "apiKey" | "usersFile">,
  { env, cwd, now, canAsk, askSecret }: Surroundings,
  isLocal: boolean,
): Promise<string> {
  const own = isLocal
    ? (settings.apiKey ?? readFirstKey(resolve(cwd, settings.usersFile), now()))
    : null;
  let key = env.LLM_GATEWAY_KEY?.trim() || own;
  if (!key && canAsk) key = await askSecret("Key (or set LLM_GATEWAY_KEY): ");
  if (!key) throw new Error("no key: set LLM_GATEWAY_KEY, or run this on a terminal");
  // With other characters fetch would throw an error that holds the key.
  if (!/^[\x21-\x7e]+$/.test(key)) throw new Error("the key has characters that a key cannot have");
  return key;
}
