import type { Target } from "./target.ts";
import { hintsFor, withHints, withSystemFirst } from "./target-prompt.ts";

const provider = "google";

/** Gemini's generateContent. */
export const googleTarget: Target = {
  prepare: (options) => withHints(withSystemFirst(options), hintsFor(provider)),

  async model({ baseUrl, model, fetch }) {
    const { createGoogle } = await import("@ai-sdk/google");
    // The key is put in where the request leaves; the provider only insists on one.
    return createGoogle({ baseURL: `${baseUrl}/v1beta`, apiKey: "unused", fetch })(model);
  },
};
