import { type Finding, fail, ok, reasonOf, skip, warn } from "../../upstreams/inspect/finding.ts";

const about = "tunnel";

/**
 * Whether only the tunnel can reach PUBLIC_PORT. In a container the network decides that.
 * @param host - where it listens
 */
export function checkPublicPort(
  port: number | null,
  host: string,
  isContainer: boolean,
): readonly Finding[] {
  if (port === null || isContainer || /^(127\.|::1$|localhost$)/.test(host)) return [];
  const says = `Other machines can reach port ${port}, and give any address as their own there.`;
  return [warn(about, says, "Remove PUBLIC_HOST, unless the tunnel runs on another machine.")];
}

/** Looks at the gateway from outside, at its public URL; null: there is none to look at. */
export async function checkPublic(url: string | null): Promise<Finding[]> {
  if (url === null) {
    return [skip(about, "Not checked from outside. Add --public https://llm.example.com")];
  }
  const base = url.replace(/\/+$/, "");
  let status: number;
  try {
    status = await statusOf(`${base}/v1/models`);
  } catch (error) {
    const todo = "Check the public hostname, and that the connector runs: ./gateway.sh logs tunnel";
    return [fail(about, `${base} cannot be reached: ${reasonOf(error)}`, todo)];
  }
  if (status === 530 || status === 502) {
    const todo =
      status === 530
        ? "The connector is not connected: ./gateway.sh logs tunnel"
        : "Set the service of the tunnel to http://gateway:8001";
    return [fail(about, `${base} answers ${status}.`, todo)];
  }
  const findings = [reachable(base, status)];
  for (const path of ["/health", "/metrics"]) {
    if ((await statusOf(base + path).catch(() => 0)) !== 200) continue;
    const todo = "Set the service of the tunnel to http://gateway:8001, the public port.";
    findings.push(fail(about, `Everybody can read ${path} from outside.`, todo));
  }
  return findings;
}

function reachable(base: string, status: number): Finding {
  if (status === 401) return ok(about, `${base} can be reached and requires a key.`);
  if (status === 302 || status === 303 || status === 403) {
    return ok(about, `${base} can be reached, behind Cloudflare Access.`);
  }
  if (status === 200) {
    const todo = "Check that the tunnel leads to the gateway, and not to the model server.";
    return fail(about, `${base} answers without a key.`, todo);
  }
  const todo = "Check that this is the gateway: it answers 401 without a key.";
  return warn(about, `${base} answers ${status}.`, todo);
}

async function statusOf(url: string): Promise<number> {
  const response = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(10_000) });
  await response.body?.cancel();
  return response.status;
}
