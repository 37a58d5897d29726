import { request } from "undici";
import { type Finding, fail, ok, reasonOf, skip, warn } from "../../upstreams/inspect/finding.ts";

type Health = {
  status?: string;
  upstream?: string;
  line?: { state?: string } | null;
  cluster?: { role?: string; keeper?: string | null; gateways?: number; trouble?: string | null };
  users_file?: { ok?: boolean; error?: string | null };
  ledger?: {
    ok?: boolean;
    spooled?: number;
    dropped?: number;
    error?: string | null;
    notice?: string | null;
  };
};

const about = "gateway";
const busyPort = "If another program uses this port, set PORT to a free one.";

/**
 * What the running gateway says of itself.
 * @param address - where it is, such as `http://127.0.0.1:8000`
 * @param publishedPort - of this machine, if the gateway is in a container
 */
export async function checkGateway(
  address: string,
  publishedPort: string | null,
): Promise<Finding[]> {
  let health: Health;
  try {
    // Not fetch: it refuses ports that the gateway may use, such as 6000.
    const signal = AbortSignal.timeout(5_000);
    const { statusCode, body } = await request(`${address}/health`, { signal });
    if (statusCode !== 200) {
      await body.dump();
      return [fail(about, `${address}/health answers ${statusCode}.`, busyPort)];
    }
    health = (await body.json()) as Health;
  } catch (error) {
    if (reasonOf(error) === "ECONNREFUSED") {
      return [skip(about, `It does not run: nothing listens at ${address}.`)];
    }
    return [fail(about, `${address}/health: ${reasonOf(error)}`, busyPort)];
  }
  const findings = [working(health, placeOf(address, publishedPort))];
  if (health.users_file?.ok === false) {
    const todo = "Fix the file; until then the last valid version is used.";
    findings.push(fail(about, `The users file: ${health.users_file.error}`, todo));
  }
  const { ledger } = health;
  if (ledger?.ok === false || (ledger?.dropped ?? 0) > 0) {
    const rows = `${ledger?.spooled} rows wait, ${ledger?.dropped} are lost`;
    const says = `The ledger: ${ledger?.error ?? "rows were lost"}; ${rows}.`;
    const todo = "Free some disk space, or correct the permissions. Waiting rows are then written.";
    findings.push(fail(about, says, todo));
  }
  if (ledger?.notice) {
    const todo = "If you did this on purpose, restart the gateway to remove this line.";
    findings.push(warn(about, `The ledger, ${ledger.notice}.`, todo));
  }
  return findings;
}

function placeOf(address: string, publishedPort: string | null): string {
  if (publishedPort === null) return address;
  return `port ${publishedPort} of this machine (in the container: ${address})`;
}

function working({ status, line, cluster }: Health, place: string): Finding {
  if (status === "no_keeper") {
    const says = `No gateway of its cluster keeps the queue: ${cluster?.trouble ?? "none is known"}.`;
    return fail(about, says, "Until one does, new requests are refused. Does PostgreSQL answer?");
  }
  if (status !== "ok") {
    const todo = "It accepts no new requests. Start it again when it has stopped.";
    return warn(about, `Its status is ${status}.`, todo);
  }
  const todo = "Run `queue resume` to continue.";
  switch (line?.state ?? "open") {
    case "open":
      return ok(about, `It runs at ${place}${roleOf(cluster)}`);
    case "paused":
      return warn(about, "The queue is paused, so no request starts.", todo);
    default:
      return warn(about, "The queue is draining, so waiting and new requests are refused.", todo);
  }
}

function roleOf(cluster: Health["cluster"]): string {
  if (cluster === undefined) return "";
  if (cluster.role === "keeper") return `, and keeps the queue of ${cluster.gateways} gateways`;
  return `; the gateway at ${cluster.keeper} keeps the queue`;
}
