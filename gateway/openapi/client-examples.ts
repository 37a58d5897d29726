/** The fields of a body that an SDK's call takes, as code; null where there is no such call. */
type Call = { readonly python: string; readonly javascript: string };

const python = (address: string, module: string, client: string, path: string): string =>
  `# pip install ${module}
import os
from ${module} import ${client}
client = ${client}(base_url="${address}${path}", api_key=os.environ["API_KEY"])
`;

const javascript = (address: string, module: string, client: string, path: string): string =>
  `// npm install ${module}
import ${client} from "${module}";
const client = new ${client}({ baseURL: "${address}${path}", apiKey: process.env.API_KEY });
`;

const hello = `[{"role": "user", "content": "Hello"}]`;
const helloJs = `[{ role: "user", content: "Hello" }]`;

/** The calls that people make from programs, by their path. */
const calls: Readonly<Record<string, (address: string) => Call>> = {
  "/v1/chat/completions": (address) => ({
    python: `${python(address, "openai", "OpenAI", "/v1")}stream = client.chat.completions.create(model="MODEL", messages=${hello}, stream=True)
for chunk in stream:
    queue = getattr(chunk, "queue", None)
    if queue:
        print(queue["message"])
    elif chunk.choices:
        print(chunk.choices[0].delta.content or "", end="")`,
    javascript: `${javascript(address, "openai", "OpenAI", "/v1")}const stream = await client.chat.completions.create({ model: "MODEL", messages: ${helloJs}, stream: true });
for await (const chunk of stream) {
  if (chunk.queue) console.log(chunk.queue.message);
  else process.stdout.write(chunk.choices[0]?.delta.content ?? "");
}`,
  }),
  "/v1/embeddings": (address) => ({
    python: `${python(address, "openai", "OpenAI", "/v1")}print(client.embeddings.create(model="MODEL", input="Hello").data[0].embedding)`,
    javascript: `${javascript(address, "openai", "OpenAI", "/v1")}const { data } = await client.embeddings.create({ model: "MODEL", input: "Hello" });
console.log(data[0].embedding);`,
  }),
  "/v1/models": (address) => ({
    python: `${python(address, "openai", "OpenAI", "/v1")}print([model.id for model in client.models.list()])`,
    javascript: `${javascript(address, "openai", "OpenAI", "/v1")}for await (const model of client.models.list()) console.log(model.id);`,
  }),
  "/v1/messages": (address) => ({
    python: `${python(address, "anthropic", "Anthropic", "")}message = client.messages.create(model="MODEL", max_tokens=100, messages=${hello})
print(message.content[0].text)`,
    javascript: `${javascript(address, "@anthropic-ai/sdk", "Anthropic", "")}const message = await client.messages.create({ model: "MODEL", max_tokens: 100, messages: ${helloJs} });
console.log(message.content[0].text);`,
  }),
};

/** Examples of a call with the SDKs of Python and JavaScript; null if the call has none. */
export function clientExamples(path: string, address: string): Call | null {
  return calls[path]?.(address) ?? null;
}
