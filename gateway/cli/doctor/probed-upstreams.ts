import { covers } from "../../settings/model-glob.ts";
import type { RouteSettings, UpstreamType } from "../../settings/routing-settings.ts";
import type { Settings } from "../../settings/settings.ts";

/** One upstream to be looked at, as the settings have it. */
export type ProbedUpstream = {
  /** Null: the one of UPSTREAM_URL. */
  name: string | null;
  url: string;
  type: UpstreamType;
  key: string | null;
  passthrough: boolean;
  capacity: number | "auto";
  /** Paths of PEM files. */
  ca: string | null;
  certificate: string | null;
  certificateKey: string | null;
  /** Model names and globs that lead to it, in their order. */
  models: readonly string[];
};

/** The upstream of UPSTREAM_URL, where it is set, and those with names. */
export function probedUpstreams(settings: Settings): ProbedUpstream[] {
  const named = settings.upstreams.map((upstream) => ({
    ...upstream,
    capacity: upstream.maxConcurrent,
    models: modelsTo(upstream.name, settings.routes),
  }));
  if (settings.upstreamUrl === null) return named;
  const own = {
    name: null,
    url: settings.upstreamUrl,
    type: settings.upstreamType,
    key: settings.upstreamApiKey,
    passthrough: false,
    capacity: settings.maxConcurrent,
    ca: settings.upstreamCa,
    certificate: settings.upstreamCertificate,
    certificateKey: settings.upstreamCertificateKey,
    models: modelsTo("default", settings.routes),
  };
  return [own, ...named];
}

function modelsTo(name: string, routes: readonly RouteSettings[]): string[] {
  return routes.flatMap(({ model, upstreams, fallbacks }) =>
    [...upstreams, ...fallbacks].flatMap((target) =>
      target.upstream === name ? [target.model ?? model] : [],
    ),
  );
}

const noChat = /embed|whisper|tts|dall-e|image|rerank|moderation|audio|realtime|transcribe|aqa/i;
const small = /mini|nano|haiku|flash|lite/i;

/** The model a short chat is tried with: one that routes lead to, small where there is a choice. */
export function modelToTry(listed: readonly string[], routed: readonly string[]): string {
  const named = routed.find((model) => !model.includes("*") && !noChat.test(model));
  if (named !== undefined) return named;
  const chatty = listed.filter((model) => !noChat.test(model));
  const wanted = chatty.filter((model) => routed.some((glob) => covers(glob, model)));
  const choice = wanted.length > 0 ? wanted : chatty;
  const cheap = choice.length > 5 ? choice.find((model) => small.test(model)) : undefined;
  return cheap ?? choice[0] ?? listed[0] ?? "default";
}
