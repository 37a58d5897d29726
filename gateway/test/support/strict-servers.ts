import type { Handler } from "./mock-upstream.ts";

// Servers that refuse of a conversation what the real ones refuse, as far as it is documented or
// publicly reported. For each question, each of them thinks and calls two tools, and then answers.

/** A server, what it refused, and a switch that makes it answer with a 503. */
export type StrictServer = {
  readonly handler: Handler;
  readonly refusals: string[];
  isDown: boolean;
};

/** Thrown for a request that the real server refuses with a 400. */
class Refusal extends Error {}

function refuseIf(isWrong: boolean, why: string): void {
  if (isWrong) throw new Refusal(why);
}

function strictServer<Body>(
  answer: (body: Body) => object,
  takes: (url: string) => boolean,
): StrictServer {
  const server: StrictServer = {
    refusals: [],
    isDown: false,
    handler({ url, body }, response) {
      const reply = (status: number, value: object): void => {
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify(value));
      };
      const fail = (status: number, message: string): void =>
        reply(status, { type: "error", error: { type: "api_error", message, code: status } });
      if (server.isDown) return fail(503, "down");
      if (!takes(url)) return fail(404, "not here");
      try {
        reply(200, answer(JSON.parse(body.toString())));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        server.refusals.push(`${error.message}: ${body}`);
        fail(400, error.message);
      }
    },
  };
  return server;
}

const tools = ["look", "edit"] as const;

/** The call for a question that has so many results; null once there is nothing left to do. */
const callAfter = (results: number) => tools[results] ?? null;

type ChatTurn = {
  role: string;
  content?: string | null;
  tool_calls?: { id: string; function: { arguments: string } }[];
  tool_call_id?: string;
};

/** Checks the turns of a chat; gives the number of results that the last question has. */
function checkChat(messages: readonly ChatTurn[]): number {
  let open: string[] = [];
  let results = 0;
  for (const [
    at,
    { role, content, tool_calls: calls = [], tool_call_id: id },
  ] of messages.entries()) {
    refuseIf(role === "system" && at > 0, "System message must be at the beginning");
    refuseIf(role !== "tool" && open.length > 0, "a call has no result");
    refuseIf(role === messages[at - 1]?.role && role !== "tool", "roles must alternate");
    refuseIf(role === "tool" && !open.includes(id ?? ""), "a result has no call");
    refuseIf(role === "user" && !content, "an empty message");
    for (const call of calls) JSON.parse(call.function.arguments);
    open = role === "assistant" ? calls.map((call) => call.id) : open.filter((one) => one !== id);
    results = role === "user" ? 0 : results + Number(role === "tool");
  }
  return results;
}

/** A local server of OpenAI's chat API, with a strict template and odd ids (Kimi's). */
export function strictLocal(): StrictServer {
  let made = 0;
  return strictServer<{ messages: ChatTurn[] }>(
    ({ messages }) => {
      const name = callAfter(checkChat(messages));
      const call = { name, arguments: '{"path":"a"}' };
      const calls = [{ id: `functions.${name}:${made++}`, type: "function", function: call }];
      const said =
        name === null
          ? { content: "local says so" }
          : { content: null, reasoning_content: "hm", tool_calls: calls };
      const message = { role: "assistant", ...said };
      const finish_reason = name === null ? "stop" : "tool_calls";
      return {
        ...{ id: "chatcmpl-1", object: "chat.completion", created: 1, model: "local" },
        choices: [{ index: 0, message, finish_reason }],
        usage: { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 },
      };
    },
    (url) => url === "/v1/chat/completions",
  );
}

type Block = { type: string; text?: string; signature?: string; id?: string; tool_use_id?: string };
type MessagesTurn = { role: string; content: string | Block[] };
type MessagesBody = {
  messages: MessagesTurn[];
  system?: string | object[];
  max_tokens?: number;
  thinking?: { type: string; budget_tokens?: number };
};

function checkBlock({ type, text, signature, id }: Block): void {
  refuseIf(type === "text" && text?.trim() === "", "text must be non-empty");
  refuseIf(type === "thinking" && !/^proof-\d+$/.test(signature ?? ""), "Invalid `signature`");
  refuseIf(type === "tool_use" && !/^[\w-]+$/.test(id ?? ""), "tool_use.id: pattern");
}

/** Checks the turns; gives the number of results that the last question has. */
function checkMessages({
  messages,
  thinking,
  max_tokens: limit = 0,
  system,
}: MessagesBody): number {
  const thinks = thinking?.type === "enabled";
  refuseIf(limit <= 0, "max_tokens: Field required");
  refuseIf(thinks && (thinking.budget_tokens ?? 0) >= limit, "max_tokens must be greater");
  refuseIf(system !== undefined && system.length === 0, "system: empty");
  let open: (string | undefined)[] = [];
  let results = 0;
  let beginsWithThought = true;
  for (const [at, { role, content }] of messages.entries()) {
    refuseIf(role !== (at % 2 === 0 ? "user" : "assistant"), "roles must alternate");
    const blocks = typeof content === "string" ? [{ type: "text", text: content }] : content;
    const answers = blocks.filter(({ type }) => type === "tool_result");
    const ids = answers.map((block) => block.tool_use_id);
    refuseIf(blocks.length === 0, "content must not be empty");
    refuseIf(
      open.some((id) => !ids.includes(id)),
      "`tool_use` ids without `tool_result`",
    );
    refuseIf(
      ids.some((id) => !open.includes(id)),
      "unexpected `tool_use_id`",
    );
    for (const block of blocks) checkBlock(block);
    open = blocks.flatMap(({ type, id }) => (type === "tool_use" ? [id] : []));
    if (role === "user") results = ids.length > 0 ? results + ids.length : 0;
    // A turn of the model goes on over the results of its calls, and begins with its thought.
    else if (results === 0) beginsWithThought = /thinking$/.test(blocks[0]?.type ?? "");
  }
  refuseIf(thinks && results > 0 && !beginsWithThought, "Expected `thinking`");
  return results;
}

/** Anthropic, for a model whose thinking has a budget. */
export function strictAnthropic(): StrictServer {
  let made = 0;
  return strictServer<MessagesBody>(
    (body) => {
      const name = callAfter(checkMessages(body));
      made += 1;
      const thought = { type: "thinking", thinking: "hm", signature: `proof-${made}` };
      const call = { type: "tool_use", id: `toolu_${made}`, name, input: { path: "a" } };
      const text = { type: "text", text: "cloud says so" };
      return {
        ...{ id: "msg_1", type: "message", role: "assistant", model: "claude" },
        content: [
          ...(body.thinking?.type === "enabled" ? [thought] : []),
          name === null ? text : call,
        ],
        ...{ stop_reason: name === null ? "end_turn" : "tool_use", stop_sequence: null },
        usage: { input_tokens: 9, output_tokens: 2 },
      };
    },
    (url) => url === "/v1/messages",
  );
}

type Part = {
  text?: string;
  thoughtSignature?: string;
  functionCall?: object;
  functionResponse?: object;
};
type Content = { role: string; parts: Part[] };

const isProof = (proof: string | undefined): boolean =>
  /^(?:skip_thought_signature_validator|proof-\d+)$/.test(proof ?? "");

/** Checks the turns; gives the number of results that the last question has. */
function checkContents(contents: readonly Content[]): number {
  const isQuestion = ({ role, parts }: Content): boolean =>
    role === "user" && parts.some(({ text }) => text !== undefined);
  const question = contents.findLastIndex(isQuestion);
  for (const [at, { role, parts }] of contents.entries()) {
    refuseIf(role === contents[at - 1]?.role, "turns must alternate");
    refuseIf(parts.length === 0, "contents.parts must not be empty");
    const calls = parts.filter(({ functionCall }) => functionCall !== undefined);
    const answers = (contents[at + 1]?.parts ?? []).filter((part) => part.functionResponse);
    refuseIf(answers.length !== calls.length, "as many function responses as function calls");
    const proofs = parts.flatMap(({ thoughtSignature }) => thoughtSignature ?? []);
    refuseIf(
      proofs.some((proof) => !isProof(proof)),
      "corrupted thought signature",
    );
    const lacksProof = calls.length > 0 && !isProof(calls[0]?.thoughtSignature);
    refuseIf(at > question && lacksProof, "Function call is missing a thought_signature");
  }
  const current = contents.slice(question).flatMap(({ parts }) => parts);
  return current.filter(({ functionResponse }) => functionResponse !== undefined).length;
}

/** Gemini 3, which wants its proof with each call of the current question. */
export function strictGemini(): StrictServer {
  let made = 0;
  return strictServer<{ contents: Content[] }>(
    ({ contents }) => {
      const name = callAfter(checkContents(contents));
      made += 1;
      const call = { name, args: { path: "a" } };
      const said =
        name === null
          ? { text: "cloud says so" }
          : { functionCall: call, thoughtSignature: `proof-${made}` };
      const content = { role: "model", parts: [{ text: "hm", thought: true }, said] };
      return {
        candidates: [{ content, finishReason: "STOP", index: 0 }],
        usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 2, totalTokenCount: 11 },
      };
    },
    (url) => url.includes(":generateContent"),
  );
}
