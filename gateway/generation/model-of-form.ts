import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { createFormScanner, type FormScanner } from "../dialects/json/form-scanner.ts";
import { GatewayError } from "../errors.ts";
import { ClientLeft } from "../exchange.ts";
import { contentEncodingOf } from "../limits/body.ts";

export type FormReading = {
  /** The model is looked for in this much of the body; one that comes later is not waited for. */
  aheadBytes: number;
  /**
   * The key may use some models only: then the whole form is looked at, and the body fails before a
   * second model gets through.
   */
  isLimited: boolean;
};

/**
 * The model that a form names, read as its bytes pass unchanged into `body`. Null if the form names
 * none. Rejects if the body ends before that is known.
 */
export function modelOfForm(
  request: IncomingMessage,
  body: Readable,
  reading: FormReading,
): Promise<string | null> {
  const { headers } = request;
  const type = headers["content-type"] ?? "";
  const form = contentEncodingOf(headers) === null ? createFormScanner(type) : null;
  return form === null ? Promise.resolve(null) : follow(form, request, body, reading);
}

function follow(
  form: FormScanner,
  request: IncomingMessage,
  body: Readable,
  { aheadBytes, isLimited }: FormReading,
): Promise<string | null> {
  return new Promise((resolve, reject) => {
    let seen = 0;
    let told = false;
    const tell = (model: string | null): void => {
      told = true;
      resolve(model);
      if (model === null || !isLimited) stop();
    };
    const look = (chunk: Buffer): void => {
      seen += chunk.length;
      form.push(chunk);
      const { state, model } = form;
      if (state === "odd" && told) body.destroy(oddForm());
      else if (state === "odd") tell(isLimited ? null : model);
      else if (told) return;
      else if (model !== null || state === "whole" || seen >= aheadBytes) tell(model);
    };
    const end = (): void => {
      if (!told) tell(null);
      else if (form.state !== "whole") body.destroy(oddForm());
    };
    const stop = (): void => void request.off("data", look).off("end", end);
    // Before the listeners that send it on: a refused body must not be on its way.
    request.prependListener("data", look).prependListener("end", end);
    body.once("close", () => {
      stop();
      reject(body.errored ?? new ClientLeft());
    });
  });
}

const oddForm = (): GatewayError =>
  new GatewayError("invalid_request", "The form must contain exactly one `model` field.", {
    param: "model",
  });
