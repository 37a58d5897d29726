import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { endpointOf } from "../dialects/endpoints.ts";
import { geminiTarget } from "../dialects/gemini-target.ts";
import { type RequestFields, readFields } from "../dialects/request.ts";
import type { Exchange } from "../exchange.ts";
import type { BodyReader } from "../limits/body.ts";

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
 * wrong.
 */
export async function readRequest(
  bodies: BodyReader,
  request: IncomingMessage,
  response: ServerResponse,
  exchange: Exchange,
): Promise<Asked> {
  const { headers } = request;
  const { json, dialect } = endpointOf(exchange.method, exchange.path);
  if (!json) {
    const { body, free } = bodies.stream(request, response);
    return { headers, fields: noFields, json, body, inflated: false, free };
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
