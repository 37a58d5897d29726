import { Ollama } from "ollama";
import {
  type Asked,
  type Client,
  type ClientPlace,
  countPlaces,
  type Had,
  toolSchema,
} from "./client.ts";

const ollama = ({ url, key }: ClientPlace): Ollama =>
  new Ollama({ host: url, headers: { authorization: `Bearer ${key}` } });

const messages = [{ role: "user", content: "hello" }];
const parameters = { ...toolSchema, required: [...toolSchema.required] };
const tools = [{ type: "function", function: { name: "light", description: "d", parameters } }];

async function run(asked: Asked, withTools: boolean): Promise<Had> {
  const client = ollama(asked);
  const stream = await client.chat({
    model: "m",
    messages,
    stream: true,
    ...(withTools ? { tools } : {}),
  });
  const leave = (): void => client.abort();
  asked.signal.addEventListener("abort", leave);
  if (asked.signal.aborted) leave();
  let text = "";
  for await (const part of stream) {
    asked.seen.push(part);
    const call = part.message.tool_calls?.[0]?.function;
    text +=
      call === undefined ? part.message.content : `${call.name} ${JSON.stringify(call.arguments)}`;
    if (text !== "") asked.onPiece();
  }
  return { text, places: countPlaces(asked.seen) };
}

export const ollamaClients: Client[] = [
  {
    name: "ollama: stream",
    run: (asked) => run(asked, false),
    list: async (place) => (await ollama(place).list()).models.map(({ model }) => model),
  },
  { name: "ollama: stream, tools", callsComeWhole: true, run: (asked) => run(asked, true) },
];
