import { tryDriver } from "./driver.ts";

const pip = ["venv/bin/pip", "install", "--quiet", "--disable-pip-version-check"];

tryDriver({
  title: "Python",
  recipe: {
    folder: "python",
    build: [
      ["python3", "-m", "venv", "venv"],
      [...pip, "--requirement", "requirements.txt"],
    ],
    start: ["venv/bin/python", "driver.py"],
  },
  clients: [
    { id: "openai-chat", name: "openai, chat: stream", lists: true },
    { id: "openai-chat-tools", name: "openai, chat: .stream() with tools" },
    { id: "openai-completions", name: "openai, text completions: stream" },
    { id: "openai-responses", name: "openai, responses: .stream()" },
    { id: "anthropic", name: "anthropic: stream", lists: true },
    { id: "anthropic-tools", name: "anthropic: .stream() with tools" },
    { id: "gemini", name: "google-genai", lists: true },
    { id: "gemini-tools", name: "google-genai, tools", callsComeWhole: true },
    { id: "ollama", name: "ollama: stream", lists: true },
    { id: "ollama-tools", name: "ollama: stream, tools", callsComeWhole: true },
    { id: "litellm-openai", name: "litellm, openai/" },
    { id: "litellm-openai-tools", name: "litellm, openai/ with tools" },
    { id: "litellm-anthropic", name: "litellm, anthropic/" },
    { id: "litellm-gemini", name: "litellm, gemini/" },
    { id: "litellm-ollama", name: "litellm, ollama_chat/" },
    { id: "langchain-chat", name: "langchain-openai, chat" },
    { id: "langchain-chat-tools", name: "langchain-openai, chat with tools" },
    { id: "langchain-responses", name: "langchain-openai, responses" },
    { id: "langchain-ollama", name: "langchain-ollama ChatOllama" },
    {
      id: "langchain-ollama-tools",
      name: "langchain-ollama ChatOllama, tools",
      callsComeWhole: true,
    },
    { id: "llama-index", name: "llama-index-llms-ollama" },
  ],
});
