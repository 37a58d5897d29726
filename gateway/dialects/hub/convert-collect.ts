import type {
  LanguageModelV4Content,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
  SharedV4ProviderMetadata,
} from "@ai-sdk/provider";
import { GatewayError } from "../../errors.ts";
import { createAnswerLimit } from "./answer-limit.ts";
import { errorOfPart, isUnknownChunk } from "./convert-error.ts";
import type { TargetName } from "./target.ts";

type Spoken = Extract<LanguageModelV4Content, { type: "text" | "reasoning" }>;

type Said = { id: string; delta?: string; providerMetadata?: SharedV4ProviderMetadata };

/** The blocks of a stream, as they stand in an answer that was not streamed. */
class Collected {
  /** Null where a call is announced, of which nothing else has come. */
  readonly #content: (LanguageModelV4Content | null)[] = [];
  /** Those that are still spoken, by kind and id. */
  readonly #open = new Map<string, Spoken>();
  /** Where each call stands: some providers tell them whole only at the very end. */
  readonly #calls = new Map<string, number>();

  get content(): LanguageModelV4Content[] {
    return this.#content.filter((one) => one !== null);
  }

  /** A block is there with its first words, or with what its provider says of it. */
  say(type: Spoken["type"], { id, delta = "", providerMetadata }: Said): void {
    if (delta === "" && providerMetadata === undefined) return;
    const block = this.#open.get(type + id) ?? this.#begin(type, id);
    block.text += delta;
    if (providerMetadata !== undefined) block.providerMetadata = providerMetadata;
  }

  #begin(type: Spoken["type"], id: string): Spoken {
    const block: Spoken = type === "text" ? { type, text: "" } : { type, text: "" };
    this.#open.set(type + id, block);
    this.#content.push(block);
    return block;
  }

  announce(id: string): void {
    this.#calls.set(id, this.#content.push(null) - 1);
  }

  call(part: Extract<LanguageModelV4Content, { type: "tool-call" }>): void {
    const at = this.#calls.get(part.toolCallId) ?? this.#content.length;
    this.#content[at] = part;
  }

  add(part: LanguageModelV4Content): void {
    this.#content.push(part);
  }

  end(type: Spoken["type"], said: Said): void {
    this.say(type, said);
    this.#open.delete(type + said.id);
  }
}

/**
 * Reads a stream of the hub's to its end, for a client that wants its answer whole. Rejects with a
 * GatewayError, or with whatever broke the stream.
 */
export async function collect(
  stream: ReadableStream<LanguageModelV4StreamPart>,
  target: TargetName,
): Promise<LanguageModelV4GenerateResult> {
  const collected = new Collected();
  let warnings: LanguageModelV4GenerateResult["warnings"] = [];
  let response: LanguageModelV4GenerateResult["response"] = {};
  let finish: Extract<LanguageModelV4StreamPart, { type: "finish" }> | null = null;
  const limit = createAnswerLimit();
  for await (const part of stream) {
    limit(part);
    switch (part.type) {
      case "stream-start":
        warnings = part.warnings;
        break;
      case "response-metadata": {
        const { type: _type, ...metadata } = part;
        response = metadata;
        break;
      }
      case "text-start":
      case "text-delta":
        collected.say("text", part);
        break;
      case "text-end":
        collected.end("text", part);
        break;
      case "reasoning-start":
      case "reasoning-delta":
        collected.say("reasoning", part);
        break;
      case "reasoning-end":
        collected.end("reasoning", part);
        break;
      case "tool-input-start":
        collected.announce(part.id);
        break;
      case "tool-call":
        collected.call(part);
        break;
      case "source":
      case "file":
        collected.add(part);
        break;
      case "error":
        if (!isUnknownChunk(part.error, target)) throw errorOfPart(part.error);
        break;
      case "finish":
        finish = part;
        break;
      default:
        break;
    }
  }
  if (finish === null)
    throw new GatewayError("upstream_error", "The upstream's answer is incomplete.");
  const { finishReason, usage, providerMetadata } = finish;
  const metadata = providerMetadata === undefined ? {} : { providerMetadata };
  return { content: collected.content, finishReason, usage, warnings, response, ...metadata };
}
