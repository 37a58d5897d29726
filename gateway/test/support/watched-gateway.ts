import { startGateway } from "../../serve.ts";
import { loadSettings } from "../../settings/load-settings.ts";
import { watchLoop } from "./loop-cpu.ts";

/**
 * A gateway alone in its process, so that the CPU time of its event loop is that of the gateway. It
 * writes its port, and the longest turn since the question before for each line that it is sent.
 */
const { settings } = loadSettings({ argv: [], cwd: process.cwd(), env: process.env });
const gateway = await startGateway(settings, { version: "0.0.0-test", logForm: "json" });
let watch = watchLoop();
process.stdout.write(`${gateway.port}\n`);
process.stdin.setEncoding("utf8").on("data", () => {
  const { heapUsed } = process.memoryUsage();
  process.stdout.write(`${JSON.stringify({ longest: watch.longest(), heapUsed })}\n`);
  watch[Symbol.dispose]();
  watch = watchLoop();
});
process.once("SIGTERM", () => void gateway.stop().then(() => process.exit(0)));
