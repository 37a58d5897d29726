/** What Gemini's API can be asked of a model, as far as the gateway knows it. */
export type GeminiVerb =
  | "generateContent"
  | "streamGenerateContent"
  | "countTokens"
  | "embedContent"
  | "batchEmbedContents";

export type GeminiTarget = {
  readonly model: string;
  readonly verb: GeminiVerb;
  /**
   * How its answer streams: as server-sent events, as the elements of one JSON array, or not at
   * all.
   */
  readonly stream: "events" | "array" | null;
};

const verbs: ReadonlySet<string> = new Set<GeminiVerb>([
  "generateContent",
  "streamGenerateContent",
  "countTokens",
  "embedContent",
  "batchEmbedContents",
]);

/** Both versions of the API: Google's own client takes either, the newest takes the second. */
const prefixes = ["/v1beta/models/", "/v1/models/"] as const;

function isVerb(name: string): name is GeminiVerb {
  return verbs.has(name);
}

function decodedName(name: string): string | null {
  try {
    return decodeURIComponent(name);
  } catch {
    return null;
  }
}

function asksForEvents(query: string): boolean {
  return query !== "" && new URLSearchParams(query).get("alt") === "sse";
}

/**
 * What a judged path asks for, `/v1beta/models/{model}:{verb}`; null for every other path.
 *
 * @param query - `""` or `?a=b`; only how an answer streams depends on it.
 */
export function geminiTarget(path: string, query = ""): GeminiTarget | null {
  const prefix = prefixes.find((one) => path.startsWith(one));
  if (prefix === undefined) return null;
  // A server that decodes an escaped colon reads a colon, so it is one here.
  const plain = path.includes("%") ? path.replaceAll(/%3a/gi, ":") : path;
  // A model's name may hold colons and slashes; the verb is behind the last.
  const colon = plain.lastIndexOf(":");
  const verb = plain.slice(colon + 1);
  if (colon <= prefix.length || !isVerb(verb)) return null;
  const model = decodedName(plain.slice(prefix.length, colon));
  if (model === null) return null;
  const form = asksForEvents(query) ? "events" : "array";
  return { model, verb, stream: verb === "streamGenerateContent" ? form : null };
}
