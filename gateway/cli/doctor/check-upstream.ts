import { isJsonObject } from "../../json-object.ts";
import type { Upstream } from "../../upstreams/upstream.ts";
import { checkGeneration } from "./check-generation.ts";
import { counted, type Finding, fail, ok, reasonOf, skip, warn } from "./finding.ts";
import { modelToTry, type ProbedUpstream } from "./probed-upstreams.ts";
import { createUpstreamProbe, type UpstreamProbe } from "./upstream-probe.ts";
import { otherType } from "./upstream-words.ts";

export type UpstreamCheck = {
  /** Whether it may be asked to generate a few words, past the queue. */
  generates: boolean;
  /** Whether doctor runs in a container, where 127.0.0.1 is the container itself. */
  isContainer: boolean;
  timeoutMs: number;
};

const about = "upstream";

/** The names of the settings: variables for UPSTREAM_URL, fields for an upstream with a name. */
type SettingNames = { url: string; key: string; type: string; slots: (count: number) => string };

const variables: SettingNames = {
  url: "UPSTREAM_URL",
  key: "UPSTREAM_API_KEY",
  type: "UPSTREAM_TYPE=",
  slots: (count) => `MAX_CONCURRENT=${count}`,
};

const fields: SettingNames = {
  url: "its url",
  key: "its key",
  type: "its type: ",
  slots: (count) => `max_concurrent: ${count}`,
};

/**
 * Checks one after the other, since they may share a machine. A finding of an upstream with a name
 * starts with that name.
 */
export async function checkUpstreams(
  upstreams: readonly ProbedUpstream[],
  check: UpstreamCheck,
): Promise<Finding[]> {
  if (upstreams.length === 0) {
    const todo = "Set UPSTREAM_URL to your model server.";
    return [warn(about, "No upstream is set: every answer is an echo of the question.", todo)];
  }
  const findings: Finding[] = [];
  for (const upstream of upstreams) {
    const { name } = upstream;
    for (const finding of await checkUpstream(upstream, check)) {
      const ownAbout = finding.about === about ? name : `${name} ${finding.about}`;
      findings.push(name === null ? finding : { ...finding, about: ownAbout ?? about });
    }
  }
  return findings;
}

async function checkUpstream(probed: ProbedUpstream, check: UpstreamCheck): Promise<Finding[]> {
  const { url } = probed;
  const names = probed.name === null ? variables : fields;
  if (check.isContainer && /\/\/(localhost|127\.|\[::1\]|0\.0\.0\.0)/.test(url)) {
    const todo = `In ${names.url}, write host.docker.internal instead.`;
    return [fail(about, `${url} is the container itself, not this machine.`, todo)];
  }
  let upstream: Upstream;
  try {
    upstream = probed.open();
  } catch (error) {
    return [fail(about, reasonOf(error), "Correct this setting; the gateway does not start.")];
  }
  try {
    const probe = createUpstreamProbe(upstream, check.timeoutMs);
    return await look(probe, upstream, { probed, names, generates: check.generates });
  } finally {
    await upstream.connections.close();
  }
}

type Look = { probed: ProbedUpstream; names: SettingNames; generates: boolean };

async function look(probe: UpstreamProbe, upstream: Upstream, asked: Look): Promise<Finding[]> {
  const { probed, names, generates } = asked;
  const { url } = probed;
  let answer: Awaited<ReturnType<UpstreamProbe["get"]>>;
  try {
    answer = await probe.get(probe.words.modelsPath);
  } catch (error) {
    const reason = reasonOf(error);
    return [fail(about, `${url} cannot be reached: ${reason}`, hintFor(url, reason, names))];
  }
  const { status, body, date } = answer;
  const refused = refusalIn(answer, upstream, asked);
  if (refused !== null) return [refused];
  const models = probe.words.modelsIn(body);
  if (status !== 200 || models === null) {
    const todo = `Set ${names.url} to a server with ${probe.words.speaks} (without /v1).`;
    return [fail(about, `${url} answers ${status} without a list of models.`, todo)];
  }
  const slots = upstream.family === "openai" ? await slotsOf(probe) : null;
  const model = modelToTry(models, probed.models);
  const some = models.slice(0, 3).join(", ");
  return [
    ok(about, `${url} answers; it has ${counted(models.length, "model")}: ${some}`),
    ok("dialect", slots === null ? probe.words.speaks : `${probe.words.speaks}, of llama.cpp`),
    ...clockFinding(date),
    ...slotFinding(slots, probed.capacity, names),
    ...(generates ? await checkGeneration(probe, model, slots !== null) : [notTried]),
  ];
}

/** What an answer says that is not a list of models; null if there is nothing of the kind. */
function refusalIn(
  { status, body }: { status: number; body: unknown },
  { passthrough, type }: Upstream,
  { probed: { url }, names }: Look,
): Finding | null {
  if (status === 401 || status === 403) {
    if (passthrough) return ok(about, `${url} answers, and requires the clients' own keys.`);
    const todo = `Set ${names.key} to a key that it accepts.`;
    return fail(about, `It refuses the gateway's key (${status}).`, todo);
  }
  if (status === 503) {
    return warn(about, "It is still loading its model.", "Wait, then run doctor again.");
  }
  const other = status === 200 ? otherType(type, body) : null;
  if (other === null) return null;
  return fail(about, `${url} has the API of ${other}.`, `Set ${names.type}${other}.`);
}

const notTried = skip("generates", "Not tried (--no-generate).");

function hintFor(url: string, reason: string, names: SettingNames): string {
  if (url.includes("host.docker.internal") && /ECONNREFUSED|no answer/.test(reason)) {
    return "Start the server with --host 0.0.0.0 (Ollama: OLLAMA_HOST=0.0.0.0), and allow it in the firewall.";
  }
  if (reason === "ENOTFOUND") return `Check the host name in ${names.url}.`;
  if (reason.includes("proxy")) return "Check HTTP_PROXY and HTTPS_PROXY, or add it to NO_PROXY.";
  if (reason.includes("is not trusted")) {
    return "Name the CA of its certificate in UPSTREAM_CA, or in ca of the upstream.";
  }
  return `Start the server, or correct ${names.url}.`;
}

/** llama.cpp's number of slots; null for any other server. */
async function slotsOf(probe: UpstreamProbe): Promise<number | null> {
  const { body } = await probe.get("/props").catch(() => ({ body: null }));
  return isJsonObject(body) && typeof body.total_slots === "number" ? body.total_slots : null;
}

function slotFinding(
  slots: number | null,
  capacity: number | "auto",
  names: SettingNames,
): Finding[] {
  if (slots === null) return [];
  const has = `llama.cpp has ${counted(slots, "slot")}`;
  if (capacity === "auto" || slots === capacity) return [ok("slots", `${has}; all are used.`)];
  const set = `Set ${names.slots(slots)}`;
  const todo =
    capacity > slots
      ? `${set}. The other requests wait inside llama.cpp, where nobody sees their place.`
      : `${set}, or start llama.cpp with --parallel ${capacity}.`;
  return [warn("slots", `${has}, but ${names.slots(capacity)} is set.`, todo)];
}

/** The Date header is the clock of the other machine: two equal clocks are seldom both wrong. */
export function clockFinding(date: string | null, now: number = Date.now()): Finding[] {
  if (date === null) return [];
  const off = Math.round((now - Date.parse(date)) / 1000);
  if (Number.isNaN(off)) return [];
  if (Math.abs(off) <= 30) return [ok("clock", "The clocks here and at the upstream are equal.")];
  const side = off > 0 ? "ahead of" : "behind";
  const says = `This clock is ${Math.abs(off)} s ${side} the upstream's.`;
  return [warn("clock", says, "Turn on time synchronisation on both (timedatectl set-ntp true).")];
}
