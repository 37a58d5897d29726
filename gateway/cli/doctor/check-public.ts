import { type Finding, fail, ok, reasonOf, skip, warn } from "./finding.ts";

const about = "tunnel";

/** Looks at the gateway from outside, by its public name; null where there is none to look at. */
export async function checkPublic(url: string | null): Promise<Finding[]> {
  if (url === null) {
    return [skip(about, "not looked at from outside; give --public https://llm.example.com")];
  }
  const base = url.replace(/\/+$/, "");
  let models: number;
  try {
    models = await statusOf(`${base}/v1/models`);
  } catch (error) {
    const todo = "Is the public hostname made, and the connector running? ./gateway.sh logs tunnel";
    return [fail(about, `${base} cannot be reached: ${reasonOf(error)}`, todo)];
  }
  if (models === 530 || models === 502) {
    const todo =
      models === 530
        ? "The connector is not connected: ./gateway.sh logs tunnel"
        : "The tunnel's service must be http://gateway:8001";
    return [fail(about, `${base} answers ${models}`, todo)];
  }
  const findings = [reachable(base, models)];
  for (const path of ["/health", "/metrics"]) {
    const status = await statusOf(base + path).catch(() => 0);
    if (status === 200) {
      const todo = "Point the tunnel at http://gateway:8001, the public port, and nowhere else.";
      findings.push(fail(about, `${path} can be read from outside`, todo));
    }
  }
  return findings;
}

function reachable(base: string, status: number): Finding {
  if (status === 401) return ok(about, `${base} is reachable and asks for a key`);
  if (status === 302 || status === 303 || status === 403) {
    return ok(about, `${base} is reachable, behind Cloudflare Access`);
  }
  if (status === 200) {
    return fail(
      about,
      `${base} answers without a key`,
      "Does the tunnel point at the gateway, or past it?",
    );
  }
  return warn(about, `${base} answers ${status}`, "Is it this gateway? 401 is what it should say.");
}

async function statusOf(url: string): Promise<number> {
  const response = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(10_000) });
  await response.body?.cancel();
  return response.status;
}
