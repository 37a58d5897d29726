import { nearestTo } from "./did-you-mean.ts";
import type { Setting } from "./setting.ts";
import type { Settings } from "./settings.ts";

/**
 * What can be read and is hardly meant, a line each, without values: a setting of `.env` that is
 * mistyped, and settings that count for nothing without another. `names` are those of `.env`.
 * Others read that file too (compose, the tunnel), so only what is nearly a setting is told.
 */
export function doubtsOf(
  settings: Settings,
  names: readonly string[],
  table: readonly Setting<unknown>[],
): readonly string[] {
  const known = ["CONFIG_FILE", ...table.flatMap(({ env, aliases = [] }) => [env, ...aliases])];
  const mistyped = names.flatMap((name) => {
    if (known.includes(name)) return [];
    const meant = nearestTo(name.toUpperCase(), known, 2);
    return meant === null ? [] : [`.env: ${name} is no setting (did you mean ${meant}?)`];
  });
  return Object.freeze([...mistyped, ...idle(settings)]);
}

function idle(settings: Settings): string[] {
  const { userHeader, trustedProxies, jwtIssuer, jwtAudience, jwtJwksUrl, jwtSecret } = settings;
  const doubts: string[] = [];
  if (userHeader !== null && trustedProxies.length === 0) {
    doubts.push("USER_HEADER is believed from nobody until TRUSTED_PROXIES names who may set it");
  }
  if ((jwtIssuer ?? jwtAudience) !== null && (jwtJwksUrl ?? jwtSecret) === null) {
    const name = jwtIssuer === null ? "JWT_AUDIENCE" : "JWT_ISSUER";
    doubts.push(`${name} lets nobody in until JWT_JWKS_URL or JWT_SECRET is set`);
  }
  return doubts;
}
