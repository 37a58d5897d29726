import { type Case, pieces } from "./cases.ts";

const reasons = { stop: "stop", tools: "tool_calls", length: "length", filter: "content_filter" };

const head = { id: "chatcmpl-up", object: "chat.completion.chunk", created: 1, model: "up" };

function usageOf({ usage }: Case): object {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cached, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

function delta(fields: object, finish_reason: string | null = null): object {
  const choice = { index: 0, delta: fields, logprobs: null, finish_reason };
  return { ...head, service_tier: "default", system_fingerprint: "fp", choices: [choice] };
}

/** The arguments of all calls in turns, as servers that generate them at once tell them. */
function callDeltas({ calls }: Case): object[] {
  const begun = calls.map(({ name }, index) =>
    delta({
      tool_calls: [
        { index, id: `call_${index}`, type: "function", function: { name, arguments: "" } },
      ],
    }),
  );
  const texts = calls.map(({ input }) => pieces(JSON.stringify(input), 7));
  const longest = Math.max(0, ...texts.map(({ length }) => length));
  const out = [...begun];
  for (let turn = 0; turn < longest; turn++) {
    for (const [index, text] of texts.entries()) {
      const piece = text[turn];
      if (piece === undefined) continue;
      out.push(delta({ tool_calls: [{ index, function: { arguments: piece } }] }));
    }
  }
  return out;
}

/** The stream of OpenAI's chat completions; `reasoning` is the name of the field for thoughts. */
export function openaiEvents(one: Case, reasoning = "reasoning_content"): string[] {
  const chunks = [
    delta({ role: "assistant", content: "", refusal: null }),
    ...pieces(one.reasoning).map((text) => delta({ content: "", [reasoning]: text })),
    ...pieces(one.text).map((content) => delta({ content })),
    ...callDeltas(one),
    delta({}, reasons[one.stop]),
    { ...head, choices: [], usage: usageOf(one) },
  ];
  return [...chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`), "data: [DONE]\n\n"];
}

/** Ollama's form: role and empty content in each, calls whole, usage without details. */
export function ollamaEvents(one: Case): string[] {
  const chunks: object[] = [
    ...pieces(one.reasoning).map((reasoning) =>
      delta({ role: "assistant", content: "", reasoning }),
    ),
    ...pieces(one.text).map((content) => delta({ role: "assistant", content })),
    ...one.calls.map(({ name, input }, index) =>
      delta({
        role: "assistant",
        content: "",
        tool_calls: [
          {
            id: `call_${index}`,
            index,
            type: "function",
            function: { name, arguments: JSON.stringify(input) },
          },
        ],
      }),
    ),
    delta({ role: "assistant", content: "" }, reasons[one.stop]),
    // A usage alone, without `choices`: what some servers make of the last chunk.
    { ...head, usage: { prompt_tokens: one.usage.input, completion_tokens: one.usage.output } },
  ];
  return [...chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`), "data: [DONE]\n\n"];
}

export function openaiWhole(one: Case, reasoning = "reasoning_content"): object {
  const tool_calls = one.calls.map(({ name, input }, index) => ({
    id: `call_${index}`,
    type: "function",
    function: { name, arguments: JSON.stringify(input) },
  }));
  const message = {
    role: "assistant",
    content: one.text === "" ? null : one.text,
    refusal: null,
    annotations: [],
    ...(one.reasoning === "" ? {} : { [reasoning]: one.reasoning }),
    ...(tool_calls.length === 0 ? {} : { tool_calls }),
  };
  return {
    ...head,
    object: "chat.completion",
    choices: [{ index: 0, message, logprobs: null, finish_reason: reasons[one.stop] }],
    usage: usageOf(one),
  };
}
