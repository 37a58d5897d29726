import { GatewayError } from "../errors.ts";

/** An error names no more models than this. */
const mostNames = 50;

/** The error for a model that no upstream serves; 400 if the request names none. */
export function noSuchModel(model: string | null, known: readonly string[]): GatewayError {
  const shown = known.slice(0, mostNames).join(", ");
  const more = known.length > mostNames ? ", and more" : "";
  const list =
    known.length === 0 ? "No model is available at present." : `Available: ${shown}${more}.`;
  if (model === null) {
    return new GatewayError("invalid_request", `The request must name a model. ${list}`, {
      param: "model",
    });
  }
  const name = model.slice(0, 100);
  return new GatewayError("model_not_found", `There is no model ${JSON.stringify(name)}. ${list}`, {
    param: "model",
    model: name,
  });
}
