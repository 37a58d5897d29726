import { spawn } from "node:child_process";
import { join } from "node:path";

/** How much of what a failed journey said is shown. */
const mostShown = 8_000;

/**
 * Runs a journey's script and prints the time of each of its steps as it ends. Throws with its last
 * words if it fails. The signal ends it with all that it started; it then cleans up after itself.
 */
export async function runJourney(file: string, signal: AbortSignal): Promise<void> {
  const child = spawn("bash", [join(import.meta.dirname, file)], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    process.stdout.write(text);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-mostShown);
  });
  const end = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
  };
  signal.addEventListener("abort", end, { once: true });
  const status = await new Promise((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  signal.removeEventListener("abort", end);
  if (status !== 0) throw new Error(`the journey ended with ${status}:\n${said}`);
}
