/** A key of another gateway: by its digest, so that its holder goes on using it. */
export type ForeignKey = {
  /** SHA-256, 64 lower-case hex digits. */
  digest: string;
  user: string;
  hint: string;
  expires: string | null;
  models: string[] | null;
};

/** As the config file has them. */
export type ConfigSections = {
  upstreams: Record<string, ConfigUpstream>;
  routes: ConfigRoute[];
  models: Record<string, Record<string, unknown>>;
};

export type ConfigUpstream = {
  url: string;
  type?: string;
  key?: string;
  weight?: number;
  box?: string;
  exclusive_models?: boolean;
};

export type ConfigTarget = { name: string; model?: string };

export type ConfigRoute = {
  model: string;
  upstreams: ConfigTarget[];
  fallbacks?: ConfigTarget[];
};

/** What was found in another gateway's files. */
export type Foreign = {
  keys: ForeignKey[];
  sections: ConfigSections;
  /** What could not be taken over, a line each, without secrets. */
  left: string[];
};

/** What a reader may look up: variables that the foreign file names. */
export type ForeignPlace = {
  env: Readonly<Record<string, string | undefined>>;
  /** Where the gateway's own upstream is, null where none is set. */
  upstreamUrl: string | null;
};

export function noSections(): ConfigSections {
  return { upstreams: {}, routes: [], models: {} };
}

export function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((text) => typeof text === "string") : [];
}

export function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** A name as users.json takes it. */
export function userNameOf(value: unknown): string {
  const text = typeof value === "string" ? value : "";
  const name = text.replace(/[^A-Za-z0-9._@+-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  return name === "" || name.startsWith("sk-") ? "imported" : name.slice(0, 64);
}

/** A name as the config file takes it for upstreams. */
export function upstreamNameOf(text: string): string {
  const name = text.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  return name.slice(0, 48) || "upstream";
}
