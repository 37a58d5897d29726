import { request } from "undici";
import { type Finding, ok, skip } from "../../upstreams/inspect/finding.ts";

/**
 * What the running gateway has found at its upstreams itself. For a gateway with other settings
 * (`names`) than doctor sees: doctor must not judge it by its own.
 */
export async function checkByGateway(url: string, names: readonly string[]): Promise<Finding[]> {
  const differ = `The running gateway has other settings than this shell (${names.join(", ")}).`;
  const meanwhile = "A restart in this directory takes those of .env and the config file.";
  const told = skip(
    "settings",
    `${differ} ${meanwhile} Until then doctor asks the gateway itself.`,
  );
  try {
    const { body } = await request(`${url}/health`, { signal: AbortSignal.timeout(5_000) });
    const { upstream, findings = [] } = (await body.json()) as {
      upstream?: string;
      findings?: Finding[];
    };
    if (findings.length > 0) return [told, ...findings];
    return [told, ok("upstream", `The gateway finds nothing wrong with ${upstream}.`)];
  } catch {
    return [told];
  }
}
