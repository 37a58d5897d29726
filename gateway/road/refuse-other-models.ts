import type { Identity } from "../auth/identity.ts";
import { mayUseModel } from "../auth/may-use-model.ts";
import { GatewayError } from "../errors.ts";

/** A key may be limited to some models; then it must name one of them. Throws 403. */
export function refuseOtherModels({ models }: Identity, model: string | null): void {
  if (models === null || (model !== null && mayUseModel(models, model))) return;
  const what = model === null ? "must name a model it may use" : "may not use this model";
  throw new GatewayError("not_allowed", `This key ${what}: ${models.join(", ")}.`, {
    param: "model",
  });
}
