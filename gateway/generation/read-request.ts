import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import type { Identity } from "../auth/identity.ts";
import { dialects } from "../dialects/all.ts";
import { endpointOf } from "../dialects/endpoints.ts";
import { noFields, type RequestFields, readModels } from "../dialects/request-fields.ts";
import type { Exchange } from "../exchange.ts";
import { type BodyReader, contentEncodingOf } from "../limits/body.ts";
import { modelOfForm } from "./model-of-form.ts";

export type ReadRequestParts = {
  bodies: BodyReader;
  /** The model decides which upstream answers. */
  hasManyModels: boolean;
};

/** The request of a generation, as far as the gateway knows it. */
export type GenerationRequest = {
  readonly headers: IncomingHttpHeaders;
  readonly fields: RequestFields;
  /** True where we know the body, and the answer is JSON too; not for audio, images, and others. */
  readonly json: boolean;
  readonly body: Buffer | Readable;
  /** True if the body was compressed, and the gateway has inflated it. */
  readonly inflated: boolean;
};

/** A request, and the memory of its body, which is freed when it is disposed of. */
type HeldRequest = GenerationRequest & Disposable;

type Sender = { exchange: Exchange; identity: Identity };

/**
 * Reads and checks the body of a generation. Throws the 4xx that says what is wrong. Of a body that
 * the gateway does not know (audio, images) only the model is read, where it matters. Compressed
 * JSON is inflated there too, since hardly any upstream takes it.
 */
export function readRequest(
  parts: ReadRequestParts,
  request: IncomingMessage,
  response: ServerResponse,
  sender: Sender,
): Promise<HeldRequest> {
  const { exchange, identity } = sender;
  const { json, dialect } = endpointOf(exchange.method, exchange.path);
  if (json) {
    const form = dialects[dialect].request;
    const fieldsOf = (bytes: Buffer): RequestFields => form.read(bytes, exchange);
    return readWhole(parts, request, response, exchange, { json, fieldsOf });
  }
  const needsModel = parts.hasManyModels || identity.models !== null;
  const { headers } = request;
  const isRead = needsModel || contentEncodingOf(headers) !== null;
  if (isRead && jsonType.test(headers["content-type"] ?? "")) {
    const fieldsOf = (bytes: Buffer): RequestFields => (needsModel ? readModels(bytes) : noFields);
    return readWhole(parts, request, response, exchange, { json, fieldsOf });
  }
  return readInPassing(parts, request, response, { identity, needsModel });
}

/** RFC 9110 §8.3.1, RFC 6839 §3.1. */
const jsonType = /^application\/(?:[\w.+-]+\+)?json *(?:;|$)/i;

async function readWhole(
  { bodies }: ReadRequestParts,
  request: IncomingMessage,
  response: ServerResponse,
  { signal }: Exchange,
  { json, fieldsOf }: { json: boolean; fieldsOf: (bytes: Buffer) => RequestFields },
): Promise<HeldRequest> {
  const { bytes, inflated, free } = await bodies.read(request, response, signal);
  try {
    const { headers } = request;
    const fields = fieldsOf(bytes);
    return { headers, fields, json, body: bytes, inflated, [Symbol.dispose]: free };
  } catch (error) {
    free();
    throw error;
  }
}

async function readInPassing(
  { bodies }: ReadRequestParts,
  request: IncomingMessage,
  response: ServerResponse,
  { identity, needsModel }: { identity: Identity; needsModel: boolean },
): Promise<HeldRequest> {
  const { body, aheadBytes, free } = bodies.stream(request, response);
  try {
    const reading = { aheadBytes, isLimited: identity.models !== null };
    const model = needsModel ? await modelOfForm(request, body, reading) : null;
    const { headers } = request;
    const fields = { ...noFields, model };
    return { headers, fields, json: false, body, inflated: false, [Symbol.dispose]: free };
  } catch (error) {
    free();
    throw error;
  }
}
