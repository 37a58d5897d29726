import { availableParallelism } from "node:os";
import { nearestTo } from "../kinds/did-you-mean.ts";
import type { Setting } from "./setting.ts";
import type { Settings } from "./settings-table.ts";

/** The names that stand in one place, such as `.env`, and that no `${NAME}` asked for. */
export type Names = { readonly place: string; readonly names: readonly string[] };

/**
 * What can be read and is hardly meant, a line each, without values: a setting that is mistyped,
 * and settings that count for nothing without another. The environment and `.env` hold what is for
 * others too (compose, the tunnel), so only what is nearly a setting is told.
 */
export function doubtsOf(
  settings: Settings,
  places: readonly Names[],
  table: readonly Setting[],
  cores: number = availableParallelism(),
): readonly string[] {
  const known = ["CONFIG_FILE", ...table.flatMap(({ env, aliases = [] }) => [env, ...aliases])];
  const mistyped = places.flatMap(({ place, names }) => {
    const unknown = names.filter((name) => !known.includes(name));
    return unknown.flatMap((name) => {
      const meant = nearestTo(name.toUpperCase(), known, most(name));
      return meant === null ? [] : [`${name} (${place}) is no setting: did you mean ${meant}?`];
    });
  });
  return Object.freeze([...mistyped, ...idle(settings, cores)]);
}

/** How many letters may be wrong; HOME is not meant to be HOST. */
function most(name: string): number {
  return name.length < 8 ? 1 : 2;
}

function idle(settings: Settings, cores: number): string[] {
  const { userHeader, trustedProxies, jwtIssuer, jwtAudience, jwtJwksUrl, jwtSecret } = settings;
  const { otlpEndpoint, notifyUrl, notifySecret } = settings;
  const doubts: string[] = [];
  if (userHeader !== null && trustedProxies.length === 0) {
    doubts.push("USER_HEADER is believed from nobody until TRUSTED_PROXIES names who may set it");
  }
  if ((jwtIssuer ?? jwtAudience) !== null && (jwtJwksUrl ?? jwtSecret) === null) {
    const name = jwtIssuer === null ? "JWT_AUDIENCE" : "JWT_ISSUER";
    doubts.push(`${name} lets nobody in until JWT_JWKS_URL or JWT_SECRET is set`);
  }
  if (notifySecret !== null && notifyUrl?.form !== "json") {
    doubts.push("NOTIFY_SECRET signs nothing: NOTIFY_URL is not a server that takes plain JSON");
  }
  if (otlpEndpoint !== null && new URL(otlpEndpoint).port === "4317") {
    doubts.push(
      "OTEL_EXPORTER_OTLP_ENDPOINT: port 4317 is usually for gRPC; the gateway needs OTLP over HTTP, usually on 4318",
    );
  }
  if (settings.workers !== "auto" && settings.workers > cores) {
    const has = cores === 1 ? "one core" : `${cores} cores`;
    doubts.push(`WORKERS=${settings.workers} gains nothing over ${cores}: this machine has ${has}`);
  }
  return doubts;
}
