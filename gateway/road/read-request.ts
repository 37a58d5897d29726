import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import type { Identity } from "../auth/identity.ts";
import { endpointOf } from "../dialects/endpoints.ts";
import { geminiTarget } from "../dialects/gemini-target.ts";
import { type RequestFields, readFields } from "../dialects/request.ts";
import type { Exchange } from "../exchange.ts";
import { modelOfForm } from "./model-of-form.ts";
import type { RoadParts } from "./parts.ts";

/** A generation's request, as far as the gateway knows it. */
export type Asked = {
  readonly headers: IncomingHttpHeaders;
  readonly fields: RequestFields;
  /**
   * True where the body was read, as JSON; an opaque one (audio, images) streams to the upstream.
   */
  readonly json: boolean;
  readonly body: Buffer | Readable;
  /** True where the body came compressed and is no longer. */
  readonly inflated: boolean;
  /** Frees the memory of the body; may be called twice. */
  free(): void;
};

/** What is known of a body that nobody reads. */
export const noFields: RequestFields = {
  model: null,
  otherModels: [],
  stream: false,
  includeUsage: false,
  maxTokens: null,
  n: 1,
  prompts: 1,
  inputChars: 0,
};

/**
 * Reads and checks the body of a generation that speaks JSON; throws the 4xx that says what is
 * wrong. Of a form (audio, images) the model alone is read, in passing, for whoever needs it.
 */
export async function readRequest(
  { bodies, hasManyModels }: Pick<RoadParts, "bodies" | "hasManyModels">,
  request: IncomingMessage,
  response: ServerResponse,
  { exchange, identity }: { exchange: Exchange; identity: Identity },
): Promise<Asked> {
  const { headers } = request;
  const { json, dialect } = endpointOf(exchange.method, exchange.path);
  if (!json) {
    const { body, aheadBytes, free } = bodies.stream(request, response);
    try {
      const isLimited = identity.models !== null;
      const reads = hasManyModels || isLimited;
      const model = reads ? await modelOfForm(request, body, { aheadBytes, isLimited }) : null;
      return { headers, fields: { ...noFields, model }, json, body, inflated: false, free };
    } catch (error) {
      free();
      throw error;
    }
  }
  const { bytes, inflated, free } = await bodies.read(request, response, exchange.signal);
  try {
    const gemini = dialect === "gemini" ? geminiTarget(exchange.path, exchange.query) : null;
    const fields = readFields(dialect, bytes, gemini);
    return { headers, fields, json, body: bytes, inflated, free };
  } catch (error) {
    free();
    throw error;
  }
}
