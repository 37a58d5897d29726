import type { Identity } from "../auth/identity.ts";
import { mayUseModel } from "../auth/may-use-model.ts";
import { GatewayError } from "../errors.ts";

/**
 * A key may be limited to some models; then it must name one of them, and no `others`. Throws 403.
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
