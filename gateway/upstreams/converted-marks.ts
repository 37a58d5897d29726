import type { Upstream } from "./upstream.ts";

/** Marks an upstream's model that has refused the thoughts of earlier turns. */
export const thoughtsOf = (model: string): string => `thoughts ${model}`;

export function takesThoughts({ type, refused }: Upstream, model: string): boolean {
  return type !== "openai" && refused.get(thoughtsOf(model)) === undefined;
}
