import { isJsonObject } from "../json-object.ts";

/** Adds up what the responses of a realtime socket have used. */
export class RealtimeUsage {
  #input = 0;
  #output = 0;
  #isKnown = false;

  /** One message of the upstream's; only `response.done` tells usage. */
  read(message: string): void {
    if (!message.includes('"response.done"')) return;
    let event: unknown;
    try {
      event = JSON.parse(message);
    } catch {
      return;
    }
    if (!isJsonObject(event) || event.type !== "response.done") return;
    const usage = isJsonObject(event.response) ? event.response.usage : null;
    if (!isJsonObject(usage)) return;
    const { input_tokens: input, output_tokens: output } = usage;
    if (!isCount(input) || !isCount(output)) return;
    this.#isKnown = true;
    this.#input += input;
    this.#output += output;
  }

  /** As an answer's JSON; null if nothing was told. */
  get told(): Buffer | null {
    if (!this.#isKnown) return null;
    const usage = { input_tokens: this.#input, output_tokens: this.#output };
    return Buffer.from(JSON.stringify({ usage }));
  }
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;
