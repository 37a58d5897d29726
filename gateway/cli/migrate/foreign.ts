/** A key of another gateway, known by its digest: its user keeps using it. */
export type ForeignKey = {
  /** SHA-256, 64 lower-case hex digits. */
  digest: string;
  user: string;
  hint: string;
  expires: string | null;
  models: string[] | null;
};

/** Sections of our config file. */
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
  /** One line, without secrets, for each thing that could not be taken over. */
  left: string[];
};

/** What a reader may look up: the variables that the file of the other gateway names. */
export type ForeignPlace = {
  env: Readonly<Record<string, string | undefined>>;
  /** The address of UPSTREAM_URL; null if it is not set. */
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

/** A user name that users.json accepts. */
export function userNameOf(value: unknown): string {
  const text = typeof value === "string" ? value : "";
  const name = text.replace(/[^A-Za-z0-9._@+-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  return name === "" || name.startsWith("sk-") ? "imported" : name.slice(0, 64);
}

/** An upstream name that the config file accepts. */
export function upstreamNameOf(text: string): string {
  const name = text.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  return name.slice(0, 48) || "upstream";
}
