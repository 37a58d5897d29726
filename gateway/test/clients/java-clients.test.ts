import { tryDriver } from "./driver.ts";

tryDriver({
  title: "Java",
  recipe: {
    folder: "java",
    build: [
      ["mvn", "-q", "-B", "compile", "dependency:copy-dependencies", "-DoutputDirectory=lib"],
    ],
    start: ["java", "-cp", "target/classes:lib/*", "Driver"],
  },
  clients: [
    { id: "openai-chat", name: "openai-java, chat: stream", leavesLate: true, lists: true },
    { id: "openai-chat-tools", name: "openai-java, chat: stream, tools", leavesLate: true },
    { id: "openai-responses", name: "openai-java, responses: stream", leavesLate: true },
    { id: "anthropic", name: "anthropic-java: stream", leavesLate: true, lists: true },
    { id: "anthropic-tools", name: "anthropic-java: stream, tools", leavesLate: true },
  ],
});
