import { tryDriver } from "./driver.ts";

tryDriver({
  title: "Rust",
  recipe: {
    folder: "rust",
    build: [["cargo", "build", "--quiet"]],
    start: ["target/debug/driver"],
  },
  clients: [
    { id: "openai-chat", name: "async-openai, chat: stream", lists: true },
    { id: "openai-chat-tools", name: "async-openai, chat: stream, tools" },
    { id: "openai-responses", name: "async-openai, responses: stream" },
  ],
});
