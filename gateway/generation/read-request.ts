import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import type { Identity } from "../auth/identity.ts";
import { dialects } from "../dialects/all.ts";
import { endpointOf } from "../dialects/endpoints.ts";
import { noFields, type RequestFields, readModels } from "../dialects/request-fields.ts";
import type { Exchange } from "../exchange.ts";
import { type BodyReader, contentEncodingOf } from "../limits/body.ts";
import { watchFormModel } from "./model-of-form.ts";

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
  /** The body is JSON that was read here: it may be counted and edited. Others pass as they came. */
  readonly parsed: boolean;
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
    return readWhole(parts, request, response, sender, { json, fieldsOf });
  }
  const needsModel = parts.hasManyModels || identity.models !== null;
  const { headers } = request;
  const isRead = needsModel || contentEncodingOf(headers) !== null;
  if (isRead && jsonType.test(headers["content-type"] ?? "")) {
    const fieldsOf = (bytes: Buffer): RequestFields => (needsModel ? readModels(bytes) : noFields);
    return readWhole(parts, request, response, sender, { json, fieldsOf });
  }
  return readUpload(parts, request, response, sender, needsModel);
}

/** RFC 9110 §8.3.1, RFC 6839 §3.1. */
const jsonType = /^application\/(?:[\w.+-]+\+)?json *(?:;|$)/i;

async function readWhole(
  { bodies }: ReadRequestParts,
  request: IncomingMessage,
  response: ServerResponse,
  { exchange, identity }: Sender,
  { json, fieldsOf }: { json: boolean; fieldsOf: (bytes: Buffer) => RequestFields },
): Promise<HeldRequest> {
  const { bytes, inflated, free } = await bodies.read(request, response, {
    user: identity.user,
    signal: exchange.signal,
  });
  try {
    const { headers } = request;
    const fields = fieldsOf(bytes);
    return { headers, fields, json, body: bytes, parsed: true, inflated, [Symbol.dispose]: free };
  } catch (error) {
    free();
    throw error;
  }
}

async function readUpload(
  { bodies }: ReadRequestParts,
  request: IncomingMessage,
  response: ServerResponse,
  { exchange, identity }: Sender,
  needsModel: boolean,
): Promise<HeldRequest> {
  const { headers } = request;
  const form = needsModel ? watchFormModel(headers, identity.models !== null) : null;
  const sender = { user: identity.user, signal: exchange.signal };
  const read = await bodies.readAhead(request, response, sender, form);
  const fields = { ...noFields, model: form?.model() ?? null };
  const body = "stream" in read ? read.stream : read.bytes;
  const unread = { json: false, parsed: false, inflated: false };
  return { headers, fields, body, ...unread, [Symbol.dispose]: read.free };
}
