import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import type { Identity } from "../auth/identity.ts";
import { endpointOf } from "../dialects/endpoints.ts";
import { geminiTarget } from "../dialects/gemini/gemini-target.ts";
import { type RequestFields, readFields, readModels } from "../dialects/request.ts";
import type { Exchange } from "../exchange.ts";
import { encodingOf } from "../limits/body.ts";
import { modelOfForm } from "./model-of-form.ts";
import type { RoadParts } from "./parts.ts";

/** A generation's request, as far as the gateway knows it. */
export type Asked = {
  readonly headers: IncomingHttpHeaders;
  readonly fields: RequestFields;
  /** True where we know the body, and the answer is JSON too; not of audio, images, and others. */
  readonly json: boolean;
  readonly body: Buffer | Readable;
  /** True where the body came compressed and is no longer. */
  readonly inflated: boolean;
  /** Frees the memory of the body; may be called twice. */
  free(): void;
};

/** What is known of a body that we do not know. */
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

type Given = { exchange: Exchange; identity: Identity };
type Readers = Pick<RoadParts, "bodies" | "hasManyModels">;

/**
 * Reads and checks the body of a generation that we know; throws the 4xx that says what is wrong.
 * Of any other (audio, images) the model alone is read, for whoever needs it; compressed JSON is
 * inflated there too, since hardly any upstream takes it.
 */
export function readRequest(
  parts: Readers,
  request: IncomingMessage,
  response: ServerResponse,
  given: Given,
): Promise<Asked> {
  const { exchange, identity } = given;
  const { json, dialect } = endpointOf(exchange.method, exchange.path);
  if (json) {
    const gemini = dialect === "gemini" ? geminiTarget(exchange.path, exchange.query) : null;
    const fieldsOf = (bytes: Buffer): RequestFields => readFields(dialect, bytes, gemini);
    return readWhole(parts, request, response, exchange, { json, fieldsOf });
  }
  const needsModel = parts.hasManyModels || identity.models !== null;
  const { headers } = request;
  const isRead = needsModel || encodingOf(headers) !== null;
  if (isRead && jsonType.test(headers["content-type"] ?? "")) {
    const fieldsOf = (bytes: Buffer): RequestFields =>
      needsModel ? { ...noFields, ...readModels(bytes) } : noFields;
    return readWhole(parts, request, response, exchange, { json, fieldsOf });
  }
  return readInPassing(parts, request, response, { identity, needsModel });
}

/** RFC 9110 §8.3.1, RFC 6839 §3.1. */
const jsonType = /^application\/(?:[\w.+-]+\+)?json *(?:;|$)/i;

async function readWhole(
  { bodies }: Readers,
  request: IncomingMessage,
  response: ServerResponse,
  { signal }: Exchange,
  { json, fieldsOf }: { json: boolean; fieldsOf: (bytes: Buffer) => RequestFields },
): Promise<Asked> {
  const { bytes, inflated, free } = await bodies.read(request, response, signal);
  try {
    const { headers } = request;
    return { headers, fields: fieldsOf(bytes), json, body: bytes, inflated, free };
  } catch (error) {
    free();
    throw error;
  }
}

async function readInPassing(
  { bodies }: Readers,
  request: IncomingMessage,
  response: ServerResponse,
  { identity, needsModel }: { identity: Identity; needsModel: boolean },
): Promise<Asked> {
  const { body, aheadBytes, free } = bodies.stream(request, response);
  try {
    const reading = { aheadBytes, isLimited: identity.models !== null };
    const model = needsModel ? await modelOfForm(request, body, reading) : null;
    const { headers } = request;
    return { headers, fields: { ...noFields, model }, json: false, body, inflated: false, free };
  } catch (error) {
    free();
    throw error;
  }
}
