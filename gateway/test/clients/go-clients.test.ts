import { tryDriver } from "./driver.ts";

tryDriver({
  title: "Go",
  recipe: {
    folder: "go",
    build: [["go", "build", "-o", "driver", "."]],
    start: ["./driver"],
  },
  clients: [
    { id: "openai-chat", name: "openai-go, chat: stream", lists: true },
    { id: "openai-chat-tools", name: "openai-go, chat: stream, tools" },
    { id: "openai-responses", name: "openai-go, responses: stream" },
    { id: "anthropic", name: "anthropic-sdk-go: stream", lists: true },
    { id: "anthropic-tools", name: "anthropic-sdk-go: stream, tools" },
    { id: "gemini", name: "google.golang.org/genai", lists: true },
    { id: "gemini-tools", name: "google.golang.org/genai, tools", callsComeWhole: true },
    { id: "ollama", name: "ollama/api", lists: true },
    { id: "ollama-tools", name: "ollama/api, tools", callsComeWhole: true },
  ],
});
