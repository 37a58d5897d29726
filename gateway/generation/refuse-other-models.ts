import type { Identity } from "../auth/identity.ts";
import { mayUseModel } from "../auth/may-use-model.ts";
import { GatewayError } from "../errors.ts";

/**
 * Refuses a model that the key may not use; a limited key must name a model, and may name no
 * `others` beside it. Throws 403.
 */
export function refuseOtherModels(
  { models }: Identity,
  model: string | null,
  others: readonly string[] = [],
): void {
  if (models === null) return;
  const isOne = model !== null && mayUseModel(models, model);
  if (isOne && others.every((other) => mayUseModel(models, other))) return;
  const what = model === null ? "must name a model it may use" : "may not use this model";
  throw new GatewayError("not_allowed", `This key ${what}: ${models.join(", ")}.`, {
    param: "model",
  });
}
