import Anthropic from "@anthropic-ai/sdk";
import { type Client, type ClientPlace, countPlaces, toolSchema } from "./client.ts";

const anthropic = ({ url, key }: ClientPlace): Anthropic =>
  new Anthropic({ baseURL: url, apiKey: key });
const body = {
  model: "m",
  max_tokens: 50,
  messages: [{ role: "user" as const, content: "hello" }],
};
const tools = [
  { name: "light", input_schema: { ...toolSchema, required: [...toolSchema.required] } },
];

export const anthropicClients: Client[] = [
  {
    name: "@anthropic-ai/sdk: stream",
    async list(place) {
      const ids: string[] = [];
      for await (const { id } of anthropic(place).models.list()) ids.push(id);
      return ids;
    },
    async run(asked) {
      const { signal } = asked;
      const stream = await anthropic(asked).messages.create({ ...body, stream: true }, { signal });
      const { seen } = asked;
      let text = "";
      for await (const event of stream) {
        seen.push(event);
        if (event.type !== "content_block_delta" || event.delta.type !== "text_delta") continue;
        text += event.delta.text;
        asked.onPiece();
      }
      signal.throwIfAborted();
      return { text, places: countPlaces(seen) };
    },
  },
  {
    name: "@anthropic-ai/sdk: .stream()",
    async run(asked) {
      const stream = anthropic(asked).messages.stream(body, { signal: asked.signal });
      const { seen } = asked;
      stream.on("streamEvent", (event) => seen.push(event));
      stream.on("text", asked.onPiece);
      const text = await stream.finalText();
      return { text, places: countPlaces(seen) };
    },
  },
  {
    name: "@anthropic-ai/sdk: .stream() with tools",
    async run(asked) {
      const stream = anthropic(asked).messages.stream({ ...body, tools }, { signal: asked.signal });
      const { seen } = asked;
      stream.on("streamEvent", (event) => seen.push(event));
      stream.on("inputJson", asked.onPiece);
      const [block] = (await stream.finalMessage()).content;
      const call = block?.type === "tool_use" ? block : null;
      const text = `${call?.name} ${JSON.stringify(call?.input)}`;
      return { text, places: countPlaces(seen) };
    },
  },
];
