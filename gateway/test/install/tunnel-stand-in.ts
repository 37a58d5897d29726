import { createServer } from "node:http";
import { startEdge } from "./edge.ts";

// Takes the place of the cloudflared binary in the journey's image: `tunnel … run`, `tunnel … ready`.
const ready = "http://127.0.0.1:20241/ready";
if (process.argv.includes("ready")) {
  const isReady = await fetch(ready).then(
    (answer) => answer.ok,
    () => false,
  );
  process.exit(isReady ? 0 : 1);
}
const token = JSON.parse(Buffer.from(process.env.TUNNEL_TOKEN ?? "", "base64").toString() || "{}");
if (token.t === undefined) {
  console.error("Provided Tunnel token is not valid.");
  process.exit(255);
}
await startEdge({ origin: "http://gateway:8001", silenceMs: 100_000, port: 8080, host: "0.0.0.0" });
createServer((_, answer) => answer.end('{"status":200}')).listen(20241, "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
