import { fitNames, type NameRules } from "./fit-names.ts";
import { fitSchemas } from "./fit-schemas.ts";
import { fitArguments, fitOpening, fitTurns } from "./fit-turns.ts";
import type { Target, TargetSettings } from "./target.ts";
import { hintsFor, withHints } from "./target-prompt.ts";
import { withFewStops } from "./target-stops.ts";

const provider = "google";

/** @see https://ai.google.dev/api/caching#FunctionDeclaration */
const names: NameRules = {
  foreign: /[^a-zA-Z0-9_.:-]/,
  longest: 64,
  beginsWithLetter: true,
  longestId: 128,
};

const mostStops = 5;

/** Gemini's generateContent. */
export const googleTarget: Target = {
  prepare(options) {
    const own = withHints(fitOpening(fitTurns(options)), hintsFor(provider));
    const { options: fitting, lost } = withFewStops(own, mostStops);
    return { ...fitNames(fitSchemas(fitArguments(fitting)), names), lost, told: [] };
  },

  model: async (settings) => (await providerOf(settings))(settings.model),

  embeddings: async (settings) => (await providerOf(settings)).embeddingModel(settings.model),
};

async function providerOf({ baseUrl, fetch }: Pick<TargetSettings, "baseUrl" | "fetch">) {
  const { createGoogle } = await import("@ai-sdk/google");
  // The key is put in where the request leaves; the provider only insists on one.
  return createGoogle({ baseURL: `${baseUrl}/v1beta`, apiKey: "unused", fetch });
}
