const image = "data:image/png;base64,iVBORw0KGgo=";
const schema = { type: "object", properties: { x: { type: "string" } } };
const tool = { type: "function", function: { name: "f", description: "d", parameters: schema } };
const call = { id: "c", type: "function", function: { name: "f", arguments: '{"x":"1"}' } };

const chat = {
  max_tokens: 5,
  temperature: 1,
  tools: [tool],
  tool_choice: "auto",
  stop: ["x"],
  messages: [
    { role: "system", content: "s" },
    {
      role: "user",
      content: [
        { type: "text", text: "hi" },
        { type: "image_url", image_url: { url: image } },
      ],
    },
    { role: "assistant", content: null, tool_calls: [call] },
    { role: "tool", tool_call_id: "c", content: "r" },
  ],
};
const messages = {
  max_tokens: 5,
  system: [{ type: "text", text: "s", cache_control: { type: "ephemeral" } }],
  tools: [{ name: "f", description: "d", input_schema: schema }],
  tool_choice: { type: "auto" },
  stop_sequences: ["x"],
  metadata: { user_id: "u" },
  messages: [
    {
      role: "user",
      content: [
        { type: "text", text: "hi" },
        {
          type: "image",
          source: { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" },
        },
      ],
    },
    { role: "assistant", content: [{ type: "tool_use", id: "t", name: "f", input: { x: "1" } }] },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "t", content: "r" }] },
  ],
};
const responses = {
  max_output_tokens: 5,
  instructions: "i",
  store: false,
  reasoning: { effort: "low" },
  tools: [{ type: "function", name: "f", parameters: schema, strict: true }],
  input: [
    {
      role: "user",
      content: [
        { type: "input_text", text: "hi" },
        { type: "input_image", image_url: image },
      ],
    },
    { type: "function_call", call_id: "c", name: "f", arguments: "{}" },
    { type: "function_call_output", call_id: "c", output: "r" },
  ],
};
const gemini = {
  contents: [
    {
      role: "user",
      parts: [{ text: "hi" }, { inlineData: { mimeType: "image/png", data: "iVBORw0KGgo=" } }],
    },
    { role: "model", parts: [{ functionCall: { name: "f", args: { x: "1" } } }] },
    { role: "user", parts: [{ functionResponse: { name: "f", response: { r: 1 } } }] },
  ],
  systemInstruction: { parts: [{ text: "s" }] },
  tools: [{ functionDeclarations: [{ name: "f", description: "d", parameters: schema }] }],
  toolConfig: { functionCallingConfig: { mode: "AUTO" } },
  generationConfig: { maxOutputTokens: 5, temperature: 1, stopSequences: ["x"] },
};
const ollama = {
  options: { num_predict: 5, temperature: 1, stop: ["x"] },
  keep_alive: "5m",
  tools: [tool],
  messages: [
    { role: "system", content: "s" },
    { role: "user", content: "hi", images: ["iVBORw0KGgo="] },
    {
      role: "assistant",
      content: "",
      tool_calls: [{ function: { name: "f", arguments: { x: "1" } } }],
    },
    { role: "tool", tool_name: "f", content: "r" },
  ],
};

const prompt = { prompt: "a", max_tokens: 5, n: 1, stop: "x" };
const ranking = { query: "q", documents: ["a", "b"], top_n: 1 };

/** A good body for each path that reads one, without its model. */
export const requestSamples: Record<string, object> = {
  "/v1/chat/completions": chat,
  "/v1/chat/completions/input_tokens": chat,
  "/v1/messages": messages,
  "/v1/messages/count_tokens": messages,
  "/v1/responses": responses,
  "/v1/responses/input_tokens": responses,
  "/v1/completions": prompt,
  "/v1/embeddings": { input: ["a", "b"], encoding_format: "float" },
  "/v1/rerank": ranking,
  "/v1/tokenize": { content: "a" },
  "/api/v1/chat/completions": chat,
  "/api/chat": ollama,
  "/api/generate": { prompt: "a", system: "s", options: ollama.options },
  "/api/embed": { input: ["a", "b"] },
  "/api/show": {},
  "/v1beta/models/MODEL:generateContent": gemini,
  "/v1beta/models/MODEL:streamGenerateContent": gemini,
  "/v1beta/models/MODEL:streamGenerateContent?alt=sse": gemini,
  "/v1beta/models/MODEL:countTokens": { contents: gemini.contents },
};

/** The path and body of a sample for a model: `MODEL` in the path, or `model` in the body. */
export function requestSample(
  path: string,
  model: string,
  stream: boolean,
): { path: string; body: object } {
  const sample = requestSamples[path] ?? {};
  if (path.includes("MODEL")) return { path: path.replace("MODEL", model), body: sample };
  return { path, body: { model, stream, ...sample } };
}
