import { resolve } from "node:path";
import { request } from "undici";
import { isJsonObject } from "../json-object.ts";
import { ownAddress } from "../settings/own-address.ts";
import type { SettingsReport } from "../settings/settings-report.ts";
import type { Settings } from "../settings/settings-table.ts";
import { readRunningGateway } from "../users/owner-door.ts";
import type { Surroundings } from "./frame/surroundings.ts";

/** The gateway that runs on these files, or at the address of these settings. */
export type AskedGateway = {
  readonly url: string;
  /** What it runs with; null if it cannot be asked. */
  readonly report: SettingsReport | null;
};

/**
 * Finds the running gateway, and asks what it runs with: as the owner of its files, or with the
 * key of an administrator in LLM_GATEWAY_KEY.
 */
export async function askGateway(
  settings: Pick<Settings, "usersFile" | "host" | "port">,
  { env, cwd }: Pick<Surroundings, "env" | "cwd">,
): Promise<AskedGateway> {
  const running = readRunningGateway(resolve(cwd, settings.usersFile));
  const report = running === null ? null : await reportFrom(running.url, running.secret);
  if (running !== null && report !== null) return { url: running.url, report };
  const url = ownAddress(settings);
  const key = env.LLM_GATEWAY_KEY?.trim();
  return { url, report: key ? await reportFrom(url, key) : null };
}

async function reportFrom(url: string, key: string): Promise<SettingsReport | null> {
  try {
    const { statusCode, body } = await request(`${url}/settings`, {
      headers: { authorization: `Bearer ${key}` },
      signal: AbortSignal.timeout(5_000),
    });
    const answer = await body.json();
    if (statusCode === 200 && isJsonObject(answer) && isJsonObject(answer.settings)) {
      return answer as SettingsReport;
    }
  } catch {
    // It does not run, or is an older version.
  }
  return null;
}
