import { type Finding, fail, ok, reasonOf, skip, warn } from "./finding.ts";

type Health = {
  status?: string;
  upstream?: string;
  line?: { state?: string };
  upstream_state?: { state?: string; reason?: string | null };
  users_file?: { ok?: boolean; error?: string | null };
  ledger?: { ok?: boolean; spooled?: number; dropped?: number; error?: string | null };
};

/** What the gateway that runs here says of itself. `host` null: every address. */
export async function checkGateway(host: string | null, port: number): Promise<Finding[]> {
  const about = "gateway";
  const name = host === null || host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  const url = `http://${name.includes(":") ? `[${name}]` : name}:${port}/health`;
  let health: Health;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    if (response.status !== 200) {
      const todo = "Is it another program that listens there? Set PORT to a free one.";
      return [fail(about, `${url} answers ${response.status}`, todo)];
    }
    health = (await response.json()) as Health;
  } catch (error) {
    if (reasonOf(error) === "ECONNREFUSED") {
      return [
        skip(about, `nothing listens on port ${port}: the gateway does not run, or on another`),
      ];
    }
    return [
      fail(
        about,
        `${url}: ${reasonOf(error)}`,
        "Another program may hold the port: set PORT to a free one.",
      ),
    ];
  }
  const findings = [working(health, about, port)];
  if (health.users_file?.ok === false) {
    findings.push(
      fail(
        about,
        `users file: ${health.users_file.error}`,
        "Correct it; the last good one is in force.",
      ),
    );
  }
  const { ledger } = health;
  if (ledger?.ok === false || (ledger?.dropped ?? 0) > 0) {
    const says = `ledger: ${ledger?.error ?? "rows were lost"}; ${ledger?.spooled} rows wait, ${ledger?.dropped} lost`;
    findings.push(
      fail(about, says, "Free the disk or correct its rights; waiting rows are then written."),
    );
  }
  return findings;
}

function working({ status, line }: Health, about: string, port: number): Finding {
  if (status !== "ok") {
    const todo = "It takes no new work; start it again when it has stopped.";
    return warn(about, `it is ${status}`, todo);
  }
  const { state = "open" } = line ?? {};
  if (state === "open") return ok(about, `runs on port ${port}`);
  const says = state === "paused" ? "starts nothing new" : "sends everybody away";
  return warn(about, `its line is ${state}: it ${says}`, "When that has served: queue resume");
}
