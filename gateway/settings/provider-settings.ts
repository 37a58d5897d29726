/** Providers that a few variables are enough for. */
export type Provider = "openai" | "google" | "anthropic" | "ollama";

/** OPENAI_DOMAIN and its like, for each provider; null: not set. */
export type ProviderSettings = {
  readonly [Name in Provider as `${Name}Domain`]: string | null;
} & {
  readonly [Name in Provider as `${Name}Port`]: number | null;
} & {
  readonly [Name in Provider as `${Name}Tls`]: boolean | null;
} & {
  readonly [Name in Provider as `${Name}ApiKey`]: string | null;
};
