import { tryDriver } from "./driver.ts";

const flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"];

tryDriver({
  title: "JavaScript, in Ollama's API",
  recipe: {
    folder: "javascript",
    build: [["npm", "install", ...flags]],
    start: ["node", "driver.mjs"],
  },
  clients: [
    { id: "langchain", name: "@langchain/ollama ChatOllama", leavesLate: true },
    {
      id: "langchain-tools",
      name: "@langchain/ollama ChatOllama, tools",
      callsComeWhole: true,
      leavesLate: true,
    },
    { id: "ai", name: "ai with ollama-ai-provider-v2", losesErrors: true },
    {
      id: "ai-tools",
      name: "ai with ollama-ai-provider-v2, tools",
      callsComeWhole: true,
      losesErrors: true,
    },
  ],
});
