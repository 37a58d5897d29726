import { GoogleGenAI } from "@google/genai";
import { type Asked, type Client, type ClientPlace, type Had, toolSchema } from "./client.ts";

const gemini = ({ url, key }: ClientPlace): GoogleGenAI =>
  new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } });

const tools = [{ functionDeclarations: [{ name: "light", parametersJsonSchema: toolSchema }] }];

async function run(asked: Asked, withTools: boolean): Promise<Had> {
  const stream = await gemini(asked).models.generateContentStream({
    model: "m",
    contents: "hello",
    config: { abortSignal: asked.signal, ...(withTools ? { tools } : {}) },
  });
  let text = "";
  for await (const chunk of stream) {
    const call = chunk.functionCalls?.[0];
    text += call === undefined ? (chunk.text ?? "") : `${call.name} ${JSON.stringify(call.args)}`;
    if (text !== "") asked.onPiece();
  }
  asked.signal.throwIfAborted();
  // Its chunks have no field for the place, which comes in a text part that is empty.
  return { text, places: 0 };
}

export const geminiClients: Client[] = [
  {
    name: "@google/genai",
    run: (asked) => run(asked, false),
    async list(place) {
      const ids: string[] = [];
      for await (const { name = "" } of await gemini(place).models.list()) ids.push(name);
      return ids.map((id) => id.replace(/^models\//, ""));
    },
  },
  { name: "@google/genai, tools", callsComeWhole: true, run: (asked) => run(asked, true) },
];
