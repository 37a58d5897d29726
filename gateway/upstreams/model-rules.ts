import { BoundedMap } from "../bounded-map.ts";
import { matchesGlob } from "../kinds/glob.ts";

/** Clients choose model names; the rules of this many names are remembered. */
const mostRemembered = 1000;

/**
 * Finds the first rule with a `model`, a name or a glob, that matches a model's name; null if none
 * does.
 */
export function createModelRules<Rule extends { readonly model: string }>(
  rules: readonly Rule[],
): (model: string) => Rule | null {
  if (rules.length === 0) return () => null;
  const remembered = new BoundedMap<Rule | null>(mostRemembered);
  return (model) => {
    let rule = remembered.get(model);
    if (rule === undefined) {
      rule = rules.find((one) => matchesGlob(one.model, model)) ?? null;
      remembered.set(model, rule);
    }
    return rule;
  };
}
