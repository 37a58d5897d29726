import type { LanguageModelV4StreamPart, SharedV4ProviderMetadata } from "@ai-sdk/provider";
import type { Block } from "./answer-blocks.ts";
import { imageIn } from "./answer-images.ts";
import { createJsonEnd } from "./answer-json-end.ts";
import { redactedOf, signatureOf } from "./answer-signature.ts";

/** Writes one block at a time; each gives the text of its events. */
export type BlockSink = {
  open(block: Block): string;
  /** `text` is new, and part of the block's text already. A redacted block has its own in one. */
  delta(block: Block, text: string): string;
  close(block: Block): string;
};

/** A block in the queue. `whole`: another may follow it. `ended`: nothing more will come. */
type Queued = Block & { whole: boolean; ended: boolean; isWhole(piece: string): boolean };

function queued(kind: Block["kind"], id: string, name = ""): Queued {
  const isWhole = kind === "tool" ? createJsonEnd() : () => true;
  const whole = kind !== "tool";
  return { kind, id, name, text: "", signature: null, whole, ended: false, isWhole };
}

type Spoken = { id: string; providerMetadata?: SharedV4ProviderMetadata };

/**
 * Puts the hub's blocks one after another, for dialects with exactly one open block. The first of
 * the queue is open and goes out as it comes; what begins while it is incomplete (tool calls may
 * be told in turns) is held until it is whole. A block ends when the next begins, not only at its
 * end: some upstreams tell all ends at the very end.
 */
export class BlockOrder {
  readonly #sink: BlockSink;
  readonly #queue: Queued[] = [];
  readonly #tools = new Map<string, Queued>();

  constructor(sink: BlockSink) {
    this.#sink = sink;
  }

  /** True once there was a tool call for the client. */
  get calls(): boolean {
    return this.#tools.size > 0;
  }

  /** Takes the hub's parts in order; those that are no text, thought or call make nothing. */
  take(part: LanguageModelV4StreamPart): string {
    switch (part.type) {
      case "text-delta":
        return this.#speak("text", part, part.delta);
      case "text-end":
        return this.#endOf("text", part.id);
      case "reasoning-start":
        return this.#startThought(part);
      case "reasoning-delta":
        return this.#speak("reasoning", part, part.delta);
      case "reasoning-end":
        return this.#speak("reasoning", part, "") + this.#endOf("reasoning", part.id);
      case "tool-input-start":
        // What the provider runs itself is no call for the client, nor are its deltas.
        if (part.providerExecuted || this.#tools.has(part.id)) return "";
        return this.#startTool(part.id, part.toolName);
      case "tool-input-delta":
        return this.#sayTool(part.id, part.delta);
      case "tool-call":
        return part.providerExecuted ? "" : this.#call(part);
      default:
        return this.#image(part);
    }
  }

  #image(part: LanguageModelV4StreamPart): string {
    const base64 = imageIn(part)?.base64 ?? null;
    return base64 === null ? "" : this.#push({ ...queued("image", ""), text: base64, ended: true });
  }

  /** Ends what is still open. */
  end(): string {
    let out = "";
    for (const block of this.#queue) {
      if (block.kind === "tool" && block.text === "") out += this.#say(block, "{}");
      block.ended = true;
    }
    return out + this.#advance();
  }

  /** Opens a block only with its first words, or its signature: empty ones fail when replayed. */
  #speak(kind: "text" | "reasoning", { id, providerMetadata }: Spoken, delta: string): string {
    const signature = kind === "reasoning" ? signatureOf(providerMetadata) : null;
    if (delta === "" && signature === null) return "";
    let block = this.#queue.at(-1);
    let out = "";
    if (block === undefined || block.kind !== kind || block.id !== id || block.ended) {
      block = queued(kind, id);
      out = this.#push(block);
    }
    if (signature !== null) block.signature = signature;
    return delta === "" ? out : out + this.#say(block, delta);
  }

  #startThought(part: Spoken): string {
    const data = redactedOf(part.providerMetadata);
    if (data === null) return this.#speak("reasoning", part, "");
    return this.#push({ ...queued("redacted", part.id), text: data, ended: true });
  }

  #endOf(kind: "text" | "reasoning", id: string): string {
    const block = this.#queue.at(-1);
    if (block?.kind === kind && block.id === id) block.ended = true;
    return this.#advance();
  }

  #startTool(id: string, name: string): string {
    const block = queued("tool", id, name);
    this.#tools.set(id, block);
    return this.#push(block);
  }

  #sayTool(id: string, delta: string): string {
    const block = this.#tools.get(id);
    if (block === undefined || block.ended || delta === "") return "";
    return this.#say(block, delta) + this.#advance();
  }

  /** The whole call: written where its input was not streamed. */
  #call(call: { toolCallId: string; toolName: string; input: string }): string {
    const { toolCallId: id, toolName, input } = call;
    const out = this.#tools.has(id) ? "" : this.#startTool(id, toolName);
    const block = this.#tools.get(id);
    if (block === undefined || block.ended) return out;
    const said = block.text === "" ? this.#say(block, input || "{}") : "";
    block.ended = true;
    return out + said + this.#advance();
  }

  #say(block: Queued, text: string): string {
    block.text += text;
    block.whole = block.isWhole(text);
    return block === this.#queue[0] ? this.#sink.delta(block, text) : "";
  }

  #push(block: Queued): string {
    this.#queue.push(block);
    return (this.#queue.length === 1 ? this.#open(block) : "") + this.#advance();
  }

  #open(block: Queued): string {
    const opened = this.#sink.open(block);
    return block.text === "" ? opened : opened + this.#sink.delta(block, block.text);
  }

  #advance(): string {
    let out = "";
    for (let head = this.#queue[0]; head !== undefined; head = this.#queue[0]) {
      if (!head.ended && !(head.whole && this.#queue.length > 1)) break;
      head.ended = true;
      out += this.#sink.close(head);
      this.#queue.shift();
      const next = this.#queue[0];
      if (next !== undefined) out += this.#open(next);
    }
    return out;
  }
}
