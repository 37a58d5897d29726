import type { Family } from "../dialect.ts";
import { parseObject } from "../json/json-body.ts";
import { bodyBounds } from "../json/json-shape.ts";
import { countRequest } from "./count-tokens.ts";

export type CountFor = { readonly family: Family; readonly model: string };

/** `CountRequest` as it is sent. */
export type CountBodies = {
  readonly google: { readonly path: string; readonly body: Uint8Array } | null;
  readonly template: Uint8Array | null;
  /** Characters of all texts. */
  readonly chars: number;
};

/** Throws GatewayError (400) for what cannot be converted. */
export async function countBodies(bytes: Buffer, asked: CountFor): Promise<CountBodies> {
  const body = parseObject(bytes, bodyBounds.convertedValues);
  const { google, template, texts } = await countRequest(body, asked);
  return {
    google: google && { path: google.path, body: jsonOf(google.body) },
    template: template && jsonOf(template),
    // With a line break between two.
    chars: texts.reduce((sum, text) => sum + text.length + 1, texts.length > 0 ? -1 : 0),
  };
}

const jsonOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
