import OpenAI from "openai";
import {
  type Asked,
  type Client,
  type ClientPlace,
  countPlaces,
  type Had,
  toolSchema,
} from "./client.ts";

const openai = ({ url, key }: ClientPlace): OpenAI =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: key });
const messages = [{ role: "user" as const, content: "hello" }];
const tools = [
  { type: "function" as const, function: { name: "light", parameters: { ...toolSchema } } },
];

/** Goes through a raw stream; `textOf` picks the text of one event. */
async function raw<T>(
  stream: AsyncIterable<T>,
  asked: Asked,
  textOf: (event: T) => string | null | undefined,
): Promise<Had> {
  const { seen } = asked;
  let text = "";
  for await (const event of stream) {
    seen.push(event);
    const piece = textOf(event) ?? "";
    text += piece;
    if (piece !== "") asked.onPiece();
  }
  // The SDK ends a stream quietly where its own signal was used.
  asked.signal.throwIfAborted();
  return { text, places: countPlaces(seen) };
}

async function models(place: ClientPlace): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of openai(place).models.list()) ids.push(id);
  return ids;
}

export const openaiClients: Client[] = [
  {
    name: "openai, chat: stream",
    list: models,
    async run(asked) {
      const body = { model: "m", messages, stream: true } as const;
      const stream = await openai(asked).chat.completions.create(body, { signal: asked.signal });
      return raw(stream, asked, (chunk) => chunk.choices[0]?.delta.content);
    },
  },
  {
    name: "openai, chat: .stream()",
    async run(asked) {
      const { signal } = asked;
      const runner = openai(asked).chat.completions.stream({ model: "m", messages }, { signal });
      const { seen } = asked;
      runner.on("chunk", (chunk) => seen.push(chunk));
      runner.on("content", asked.onPiece);
      const whole = await runner.finalChatCompletion();
      return { text: whole.choices[0]?.message.content ?? "", places: countPlaces(seen) };
    },
  },
  {
    name: "openai, chat: .stream() with tools",
    async run(asked) {
      const { signal } = asked;
      const body = { model: "m", messages, tools };
      const runner = openai(asked).chat.completions.stream(body, { signal });
      const { seen } = asked;
      runner.on("chunk", (chunk) => {
        seen.push(chunk);
        if (chunk.choices[0]?.delta.tool_calls) asked.onPiece();
      });
      const whole = await runner.finalChatCompletion();
      const call = whole.choices[0]?.message.tool_calls?.[0];
      const made = call?.type === "function" ? call.function : null;
      return { text: `${made?.name} ${made?.arguments}`, places: countPlaces(seen) };
    },
  },
  {
    name: "openai, text completions: stream",
    async run(asked) {
      const body = { model: "m", prompt: "hello", stream: true } as const;
      const stream = await openai(asked).completions.create(body, { signal: asked.signal });
      return raw(stream, asked, (chunk) => chunk.choices[0]?.text);
    },
  },
  {
    name: "openai, responses: stream",
    async run(asked) {
      const body = { model: "m", input: "hello", stream: true } as const;
      const stream = await openai(asked).responses.create(body, { signal: asked.signal });
      return raw(stream, asked, (event) =>
        event.type === "response.output_text.delta" ? event.delta : "",
      );
    },
  },
  {
    name: "openai, responses: .stream()",
    async run(asked) {
      const { signal } = asked;
      const runner = openai(asked).responses.stream({ model: "m", input: "hello" }, { signal });
      const { seen } = asked;
      runner.on("event", (event) => seen.push(event));
      runner.on("response.output_text.delta", asked.onPiece);
      const whole = await runner.finalResponse();
      const ids = new Set(seen.map((one) => (one as { response?: { id: string } }).response?.id));
      ids.delete(undefined);
      if (ids.size !== 1 || !ids.has(whole.id)) throw new Error(`ids: ${[...ids].join(", ")}`);
      return { text: whole.output_text, places: countPlaces(seen) };
    },
  },
];
