import type { IncomingHttpHeaders } from "node:http";
import { createFormScanner } from "../dialects/json/form-scanner.ts";
import { GatewayError } from "../errors.ts";
import { contentEncodingOf } from "../limits/content-coding.ts";
import type { BodyWatch } from "../limits/upload.ts";

/** Looks for the model that a form names, as its bytes pass. */
export type FormModel = BodyWatch & {
  /** What is known of it now; null if the form has named none so far. */
  model(): string | null;
};

/**
 * Null for what is no plain form.
 * @param isLimited - the key may use some models only: then the whole form is looked at, and the
 *   body fails before a second model gets through
 */
export function watchFormModel(headers: IncomingHttpHeaders, isLimited: boolean): FormModel | null {
  const type = headers["content-type"] ?? "";
  const form = contentEncodingOf(headers) === null ? createFormScanner(type) : null;
  if (form === null) return null;
  /** True once the request was routed by what the form had named until then. */
  let isTold = false;
  let isOver = false;
  return {
    piece(chunk) {
      if (isTold && !isLimited) return;
      form.push(chunk);
      if (isTold && form.state === "odd") throw oddForm();
    },
    end() {
      isOver = true;
      if (isTold && isLimited && form.state !== "whole") throw oddForm();
    },
    model() {
      isTold = true;
      const isOdd = form.state === "odd" || (isOver && form.state !== "whole");
      return isOdd && isLimited ? null : form.model;
    },
  };
}

const oddForm = (): GatewayError =>
  new GatewayError("invalid_request", "The form must contain exactly one `model` field.", {
    param: "model",
  });
