import { type Case, pieces } from "./cases.ts";

const reasons = { stop: "end_turn", tools: "tool_use", length: "max_tokens", filter: "refusal" };

function event(data: { type: string } & Record<string, unknown>): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
}

function usageOf({ usage }: Case): Record<string, unknown> {
  return {
    input_tokens: usage.input - usage.cached,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: usage.cached,
    output_tokens: usage.output,
    service_tier: "standard",
  };
}

type Block = { start: Record<string, unknown>; deltas: Record<string, unknown>[] };

function blocksOf(one: Case): Block[] {
  const blocks: Block[] = [];
  if (one.reasoning !== "") {
    const deltas: Record<string, unknown>[] = pieces(one.reasoning).map((thinking) => ({
      type: "thinking_delta",
      thinking,
    }));
    deltas.push({ type: "signature_delta", signature: one.signature });
    blocks.push({ start: { type: "thinking", thinking: "", signature: "" }, deltas });
  }
  if (one.text !== "") {
    const deltas = pieces(one.text).map((text) => ({ type: "text_delta", text }));
    blocks.push({ start: { type: "text", text: "" }, deltas });
  }
  for (const [index, { name, input }] of one.calls.entries()) {
    const texts = ["", ...pieces(JSON.stringify(input), 7)];
    blocks.push({
      start: { type: "tool_use", id: `toolu_${index}`, name, input: {} },
      deltas: texts.map((partial_json) => ({ type: "input_json_delta", partial_json })),
    });
  }
  return blocks;
}

/** The stream of Anthropic's Messages. */
export function anthropicEvents(one: Case): string[] {
  const message = {
    id: "msg_up",
    type: "message",
    role: "assistant",
    model: "up",
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { ...usageOf(one), output_tokens: 1 },
  };
  const out = [event({ type: "message_start", message })];
  for (const [index, { start, deltas }] of blocksOf(one).entries()) {
    out.push(event({ type: "content_block_start", index, content_block: start }));
    if (index === 0) out.push(event({ type: "ping" }));
    for (const delta of deltas) out.push(event({ type: "content_block_delta", index, delta }));
    out.push(event({ type: "content_block_stop", index }));
  }
  const delta = { stop_reason: reasons[one.stop], stop_sequence: null };
  out.push(event({ type: "message_delta", delta, usage: { output_tokens: one.usage.output } }));
  out.push(event({ type: "message_stop" }));
  return out;
}

export function anthropicWhole(one: Case): object {
  const content: object[] = [];
  if (one.reasoning !== "") {
    content.push({ type: "thinking", thinking: one.reasoning, signature: one.signature });
  }
  if (one.text !== "") content.push({ type: "text", text: one.text });
  for (const [index, { name, input }] of one.calls.entries()) {
    content.push({ type: "tool_use", id: `toolu_${index}`, name, input });
  }
  return {
    id: "msg_up",
    type: "message",
    role: "assistant",
    model: "up",
    content,
    stop_reason: reasons[one.stop],
    stop_sequence: null,
    usage: usageOf(one),
  };
}
