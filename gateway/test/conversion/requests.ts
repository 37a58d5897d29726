import type { Family } from "../../dialects/dialect.ts";

/** The dialects that are converted into each other. */
export type Convertible = "chat" | "responses" | "messages" | "gemini";

const png = "iVBORw0KGgo=";
const schema = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
};

/** One conversation, with all that a dialect can put into it, in the words of each. */
export const conversation: Readonly<Record<Convertible, object>> = {
  chat: {
    max_completion_tokens: 500,
    temperature: 0.5,
    top_p: 0.9,
    stop: ["END"],
    messages: [
      { role: "system", content: "Be brief." },
      {
        role: "user",
        content: [
          { type: "text", text: "What is this?" },
          { type: "image_url", image_url: { url: `data:image/png;base64,${png}` } },
        ],
      },
      {
        role: "assistant",
        content: "I look.",
        tool_calls: [
          {
            id: "c1",
            type: "function",
            function: { name: "weather", arguments: '{"city":"Bern"}' },
          },
          {
            id: "c2",
            type: "function",
            function: { name: "weather", arguments: '{"city":"Genf"}' },
          },
        ],
      },
      { role: "tool", tool_call_id: "c1", content: "sunny" },
      { role: "tool", tool_call_id: "c2", content: "rain" },
      { role: "user", content: "And now?" },
    ],
    tools: [
      {
        type: "function",
        function: { name: "weather", description: "Tells it.", parameters: schema },
      },
    ],
    tool_choice: "required",
  },
  responses: {
    max_output_tokens: 500,
    temperature: 0.5,
    top_p: 0.9,
    instructions: "Be brief.",
    input: [
      {
        role: "user",
        content: [
          { type: "input_text", text: "What is this?" },
          { type: "input_image", image_url: `data:image/png;base64,${png}`, detail: "auto" },
        ],
      },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "I look." }] },
      { type: "function_call", call_id: "c1", name: "weather", arguments: '{"city":"Bern"}' },
      { type: "function_call", call_id: "c2", name: "weather", arguments: '{"city":"Genf"}' },
      { type: "function_call_output", call_id: "c1", output: "sunny" },
      { type: "function_call_output", call_id: "c2", output: "rain" },
      { role: "user", content: "And now?" },
    ],
    tools: [{ type: "function", name: "weather", description: "Tells it.", parameters: schema }],
    tool_choice: "required",
  },
  messages: {
    max_tokens: 500,
    temperature: 0.5,
    top_p: 0.9,
    stop_sequences: ["END"],
    system: [{ type: "text", text: "Be brief.", cache_control: { type: "ephemeral" } }],
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "What is this?" },
          { type: "image", source: { type: "base64", media_type: "image/png", data: png } },
        ],
      },
      {
        role: "assistant",
        content: [
          { type: "text", text: "I look." },
          { type: "tool_use", id: "c1", name: "weather", input: { city: "Bern" } },
          { type: "tool_use", id: "c2", name: "weather", input: { city: "Genf" } },
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "c1", content: "sunny" },
          { type: "tool_result", tool_use_id: "c2", content: [{ type: "text", text: "rain" }] },
          { type: "text", text: "And now?" },
        ],
      },
    ],
    tools: [{ name: "weather", description: "Tells it.", input_schema: schema }],
    tool_choice: { type: "any" },
  },
  gemini: {
    generationConfig: {
      maxOutputTokens: 500,
      temperature: 0.5,
      topP: 0.9,
      stopSequences: ["END"],
    },
    systemInstruction: { parts: [{ text: "Be brief." }] },
    contents: [
      {
        role: "user",
        parts: [{ text: "What is this?" }, { inlineData: { mimeType: "image/png", data: png } }],
      },
      {
        role: "model",
        parts: [
          { text: "I look." },
          { functionCall: { id: "c1", name: "weather", args: { city: "Bern" } } },
          { functionCall: { id: "c2", name: "weather", args: { city: "Genf" } } },
        ],
      },
      {
        role: "user",
        parts: [
          { functionResponse: { id: "c1", name: "weather", response: { output: "sunny" } } },
          { functionResponse: { id: "c2", name: "weather", response: { output: "rain" } } },
        ],
      },
      { role: "user", parts: [{ text: "And now?" }] },
    ],
    tools: [
      {
        functionDeclarations: [
          { name: "weather", description: "Tells it.", parametersJsonSchema: schema },
        ],
      },
    ],
    toolConfig: { functionCallingConfig: { mode: "ANY" } },
  },
};

const image = { mimeType: "image/png", data: png };
const cached = { cache_control: { type: "ephemeral" } };

/** What an upstream of each family should be asked, whatever dialect `conversation` came in. */
export function upstreamBodies(dialect: Convertible): Record<Family, object> {
  // Responses have no stop sequences.
  const stop = dialect !== "responses";
  return {
    openai: {
      model: "up",
      max_tokens: 500,
      temperature: 0.5,
      top_p: 0.9,
      ...(stop ? { stop: ["END"] } : {}),
      messages: (conversation.chat as { messages: object[] }).messages,
      tools: (conversation.chat as { tools: object[] }).tools,
      tool_choice: "required",
      stream: true,
      stream_options: { include_usage: true },
    },
    anthropic: {
      model: "up",
      max_tokens: 500,
      temperature: 0.5,
      top_p: 0.9,
      ...(stop ? { stop_sequences: ["END"] } : {}),
      system: [{ type: "text", text: "Be brief.", ...(dialect === "messages" ? cached : {}) }],
      messages: [
        ...(conversation.messages as { messages: object[] }).messages.slice(0, 2),
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: "c1", content: "sunny" },
            { type: "tool_result", tool_use_id: "c2", content: "rain" },
            { type: "text", text: "And now?" },
          ],
        },
      ],
      tools: (conversation.messages as { tools: object[] }).tools,
      tool_choice: { type: "any" },
      stream: true,
    },
    google: {
      ...conversation.gemini,
      generationConfig: {
        maxOutputTokens: 500,
        temperature: 0.5,
        topP: 0.9,
        ...(stop ? { stopSequences: ["END"] } : {}),
      },
      contents: [
        { role: "user", parts: [{ text: "What is this?" }, { inlineData: image }] },
        (conversation.gemini as { contents: object[] }).contents[1],
        {
          role: "user",
          parts: ["sunny", "rain"].map((content, index) => ({
            functionResponse: {
              id: `c${index + 1}`,
              name: "weather",
              response: { name: "weather", content },
            },
          })),
        },
        { role: "user", parts: [{ text: "And now?" }] },
      ],
    },
  };
}
