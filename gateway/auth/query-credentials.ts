const NAMES: ReadonlySet<string> = new Set(["key", "api_key", "apikey", "access_token", "token"]);

/**
 * True if a query (`""` or `?a=b`) holds a credential. Credentials in URLs end up in logs and
 * histories.
 */
export function hasCredential(query: string): boolean {
  return query.length > 1 && pairsOf(query).some(isCredential);
}

/** The query without its credentials; every other byte stays. `""` when nothing is left. */
export function stripCredentials(query: string): string {
  if (query.length <= 1) return "";
  const pairs = pairsOf(query);
  const kept = pairs.filter((pair) => !isCredential(pair));
  if (kept.length === pairs.length) return query;
  return kept.length === 0 ? "" : `?${kept.join("&")}`;
}

function pairsOf(query: string): string[] {
  return query.slice(1).split("&");
}

/** Names are compared as the upstream would read them: `api%5Fkey` and `API_KEY` are the same. */
function isCredential(pair: string): boolean {
  const end = pair.indexOf("=");
  const name = end === -1 ? pair : pair.slice(0, end);
  return NAMES.has(decoded(name).trim().toLowerCase());
}

function decoded(name: string): string {
  if (!name.includes("%") && !name.includes("+")) return name;
  try {
    return decodeURIComponent(name.replaceAll("+", " "));
  } catch {
    return name;
  }
}
