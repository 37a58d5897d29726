import { ChatOpenAI } from "@langchain/openai";
import type { Asked, Client, Had } from "./client.ts";

async function run(asked: Asked, useResponsesApi: boolean): Promise<Had> {
  const model = new ChatOpenAI({
    model: "m",
    apiKey: asked.key,
    streamUsage: false,
    useResponsesApi,
    configuration: { baseURL: `${asked.url}/v1` },
  });
  let text = "";
  for await (const chunk of await model.stream("hello", { signal: asked.signal })) {
    text += chunk.text;
    if (chunk.text !== "") asked.onPiece();
  }
  asked.signal.throwIfAborted();
  // Its chunks have no room for fields it does not know.
  return { text, places: 0 };
}

export const langchainClients: Client[] = [
  {
    name: "@langchain/openai, chat",
    run: (asked) => run(asked, false),
  },
  {
    name: "@langchain/openai, responses",
    run: (asked) => run(asked, true),
  },
];
