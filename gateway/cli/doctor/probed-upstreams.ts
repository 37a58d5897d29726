import { hasWildcard, matchesGlob } from "../../kinds/glob.ts";
import { defaultUpstream } from "../../settings/default-upstream.ts";
import type { RouteSettings } from "../../settings/read-routes.ts";
import type { Settings } from "../../settings/settings-table.ts";
import type { UpstreamSettings } from "../../settings/upstream-members.ts";
import { openOne } from "../../upstreams/configured-upstreams.ts";
import type { Upstream } from "../../upstreams/upstream.ts";

/** One upstream to be looked at, as the settings describe it. */
export type ProbedUpstream = {
  /** Null: the one of UPSTREAM_URL. */
  readonly name: string | null;
  readonly url: string;
  readonly capacity: number | "auto";
  /** Model names and globs that lead to it, in the order of the routes. */
  readonly models: readonly string[];
  /**
   * Opens it as the gateway does; nothing connects yet.
   * @throws Error with one line for a PEM file or a proxy that cannot be used
   */
  open(): Upstream;
};

/** The upstream of UPSTREAM_URL, where it is set, and those with names. */
export function probedUpstreams(
  settings: Settings,
  env: Readonly<Record<string, string | undefined>>,
): ProbedUpstream[] {
  const probed = (setup: UpstreamSettings, name: string | null): ProbedUpstream => ({
    name,
    url: setup.url,
    capacity: setup.maxConcurrent,
    models: modelsTo(name ?? "default", settings.routes),
    open: () => {
      const { connectTimeoutMs } = settings;
      const named = { name: name ?? setup.url, isNamed: name !== null };
      return openOne(setup, { ...named, connectTimeoutMs, env }).upstream;
    },
  });
  const own = defaultUpstream(settings);
  return [
    ...(own === null ? [] : [probed(own, null)]),
    ...settings.upstreams.map((upstream) => probed(upstream, upstream.name)),
  ];
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

/** The model for a short chat: one that routes lead to, and a small one where there is a choice. */
export function modelToTry(listed: readonly string[], routed: readonly string[]): string {
  const named = routed.find((model) => !hasWildcard(model) && !noChat.test(model));
  if (named !== undefined) return named;
  const chatty = listed.filter((model) => !noChat.test(model));
  const wanted = chatty.filter((model) => routed.some((glob) => matchesGlob(glob, model)));
  const choice = wanted.length > 0 ? wanted : chatty;
  const cheap = choice.length > 5 ? choice.find((model) => small.test(model)) : undefined;
  return cheap ?? choice[0] ?? listed[0] ?? "default";
}
