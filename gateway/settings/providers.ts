/** Providers that a few variables are enough for. */
export type Provider = "openai" | "google" | "anthropic" | "ollama";

type Usual = {
  readonly title: string;
  readonly domain: string;
  readonly port: number;
  readonly tls: boolean;
  readonly maxConcurrent: number | null;
  readonly globs: readonly string[];
};

/**
 * The usual values. `o*` would take olmo and openhermes from the box, so their digits are named.
 */
export const providers: Readonly<Record<Provider, Usual>> = {
  openai: {
    title: "OpenAI",
    domain: "api.openai.com",
    port: 443,
    tls: true,
    maxConcurrent: 32,
    globs: ["gpt-*", "chatgpt-*", ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((digit) => `o${digit}*`)],
  },
  google: {
    title: "Google",
    domain: "generativelanguage.googleapis.com",
    port: 443,
    tls: true,
    maxConcurrent: 32,
    globs: ["gemini-*"],
  },
  anthropic: {
    title: "Anthropic",
    domain: "api.anthropic.com",
    port: 443,
    tls: true,
    maxConcurrent: 32,
    globs: ["claude-*"],
  },
  // No route: an upstream that no route names serves the models it lists.
  ollama: {
    title: "Ollama",
    domain: "localhost",
    port: 11_434,
    tls: false,
    maxConcurrent: null,
    globs: [],
  },
};
