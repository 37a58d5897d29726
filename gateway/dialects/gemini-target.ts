/** What Gemini's API can be asked of a model, as far as the gateway knows it. */
export type GeminiVerb =
  | "generateContent"
  | "streamGenerateContent"
  | "countTokens"
  | "embedContent"
  | "batchEmbedContents";

export type GeminiTarget = { readonly model: string; readonly verb: GeminiVerb };

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

/** Model and verb of a judged path, `/v1beta/models/{model}:{verb}`; null for every other path. */
export function geminiTarget(path: string): GeminiTarget | null {
  const prefix = prefixes.find((one) => path.startsWith(one));
  if (prefix === undefined) return null;
  // A model's name may hold colons and slashes; the verb is behind the last.
  const colon = path.lastIndexOf(":");
  const verb = path.slice(colon + 1);
  if (colon <= prefix.length || !isVerb(verb)) return null;
  const model = decodedName(path.slice(prefix.length, colon));
  return model === null ? null : { model, verb };
}
