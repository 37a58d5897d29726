import type { HubOptions } from "./parts-hub.ts";

/** A request, and the settings that it lost. */
export type Kept = { readonly options: HubOptions; readonly lost: readonly string[] };

/** Only so many stop sequences, and only those that `isFit`. */
export function withFewStops(
  options: HubOptions,
  most: number,
  isFit: (stop: string) => boolean = () => true,
): Kept {
  const { stopSequences: asked, ...rest } = options;
  if (asked === undefined) return { options, lost: [] };
  const kept = asked.filter(isFit).slice(0, most);
  if (kept.length === asked.length) return { options, lost: [] };
  const stops = kept.length === 0 ? {} : { stopSequences: kept };
  return { options: { ...rest, ...stops }, lost: ["stopSequences"] };
}
