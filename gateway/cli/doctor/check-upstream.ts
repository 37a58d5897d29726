import { checkGeneration } from "./check-generation.ts";
import { counted, type Finding, fail, ok, reasonOf, skip, warn } from "./finding.ts";
import { isMembers } from "./members.ts";
import { modelToTry, type ProbedUpstream } from "./probed-upstreams.ts";
import { createUpstreamProbe, type UpstreamProbe } from "./upstream-probe.ts";
import { otherType } from "./upstream-words.ts";

export type UpstreamCheck = {
  /** Whether it may be asked to generate a few words, past the line. */
  generates: boolean;
  /** Whether 127.0.0.1 is a container's own. */
  isContainer: boolean;
  timeoutMs: number;
  env: Readonly<Record<string, string | undefined>>;
};

const about = "upstream";

/** What is set where, in the words of the place. */
type Place = { url: string; key: string; type: string; slots: (count: number) => string };

const ofVariables: Place = {
  url: "UPSTREAM_URL",
  key: "UPSTREAM_API_KEY",
  type: "UPSTREAM_TYPE=",
  slots: (count) => `MAX_CONCURRENT=${count}`,
};

const ofSection: Place = {
  url: "its url",
  key: "its key",
  type: "its type: ",
  slots: (count) => `max_concurrent: ${count}`,
};

/** One after the other, since they may share a box; each finding of one with a name bears it. */
export async function checkUpstreams(
  upstreams: readonly ProbedUpstream[],
  check: UpstreamCheck,
): Promise<Finding[]> {
  if (upstreams.length === 0) {
    const todo = "Set UPSTREAM_URL to your server.";
    return [warn(about, "none is set: every answer is an echo", todo)];
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

/** Reachable, what it is, its models and slots; does it stream, count, and notice a leaving? */
async function checkUpstream(upstream: ProbedUpstream, check: UpstreamCheck): Promise<Finding[]> {
  const { url } = upstream;
  const place = upstream.name === null ? ofVariables : ofSection;
  if (check.isContainer && /\/\/(localhost|127\.|\[::1\]|0\.0\.0\.0)/.test(url)) {
    const todo = `Write host.docker.internal in place of it in ${place.url}.`;
    return [fail(about, `${url} is the container itself, not this machine`, todo)];
  }
  let probe: UpstreamProbe;
  try {
    probe = createUpstreamProbe({ ...upstream, ...check });
  } catch (error) {
    return [fail(about, `its certificates: ${reasonOf(error)}`, "Correct the paths of the files.")];
  }
  try {
    return await look(probe, upstream, { place, generates: check.generates });
  } finally {
    await probe.close();
  }
}

async function look(
  probe: UpstreamProbe,
  upstream: ProbedUpstream,
  { place, generates }: { place: Place; generates: boolean },
): Promise<Finding[]> {
  const { url, type, passthrough } = upstream;
  let answer: Awaited<ReturnType<UpstreamProbe["get"]>>;
  try {
    answer = await probe.get(probe.words.modelsPath);
  } catch (error) {
    const reason = reasonOf(error);
    return [fail(about, `${url} cannot be reached: ${reason}`, hintFor(url, reason, place))];
  }
  const { status, body, date } = answer;
  if ((status === 401 || status === 403) && passthrough) {
    return [ok(about, `${url} answers, and asks for the clients' own keys`)];
  }
  if (status === 401 || status === 403) {
    const todo = `Set ${place.key} to a key it takes.`;
    return [fail(about, `it refuses the gateway's key (${status})`, todo)];
  }
  if (status === 503) {
    return [warn(about, "it is still loading its model", "Wait, then run doctor again.")];
  }
  const other = status === 200 ? otherType(type, body) : null;
  if (other !== null) {
    const todo = `Set ${place.type}${other}.`;
    return [fail(about, `${url} does not speak ${probe.words.speaks} but ${other}'s`, todo)];
  }
  const models = probe.words.modelsIn(body);
  if (status !== 200 || models === null) {
    const todo = `Does ${place.url} name a server that speaks ${probe.words.speaks}? /v1 may be left out.`;
    return [fail(about, `${url} answers ${status} and no list of models`, todo)];
  }
  const slots = type === "anthropic" || type === "google" ? null : await slotsOf(probe);
  const model = modelToTry(models, upstream.models);
  return [
    ok(
      about,
      `${url} answers; ${counted(models.length, "model")}: ${models.slice(0, 3).join(", ")}`,
    ),
    ok("dialect", slots === null ? probe.words.speaks : `${probe.words.speaks}; llama.cpp`),
    ...clockFinding(date),
    ...slotFinding(slots, upstream.capacity, place),
    ...(generates ? await checkGeneration(probe, model, slots !== null) : [notTried]),
  ];
}

const notTried = skip("generates", "not tried (--no-generate)");

function hintFor(url: string, reason: string, place: Place): string {
  if (url.includes("host.docker.internal") && /ECONNREFUSED|no answer/.test(reason)) {
    return "Does it listen for others than 127.0.0.1? Start it with --host 0.0.0.0 (Ollama: OLLAMA_HOST=0.0.0.0), and let the firewall pass it.";
  }
  if (reason === "ENOTFOUND") return `Is the name in ${place.url} right?`;
  if (/CERT|SELF_SIGNED|UNABLE_TO/.test(reason)) {
    return "Its certificate is not believed: name its authority (UPSTREAM_CA, or ca of the upstream).";
  }
  return `Start the server, or correct ${place.url}.`;
}

/** llama.cpp's number of slots; null with any other server. */
async function slotsOf(probe: UpstreamProbe): Promise<number | null> {
  const { body } = await probe.get("/props").catch(() => ({ body: null }));
  return isMembers(body) && typeof body.total_slots === "number" ? body.total_slots : null;
}

function slotFinding(slots: number | null, capacity: number | "auto", place: Place): Finding[] {
  if (slots === null) return [];
  if (capacity === "auto" || slots === capacity) {
    return [ok("slots", `llama.cpp with ${counted(slots, "slot")}, as many as are used`)];
  }
  const says = `llama.cpp has ${counted(slots, "slot")}, ${place.slots(capacity)} is set`;
  const todo = capacity > slots ? "the rest waits where nobody sees the place" : null;
  const set = `Set ${place.slots(slots)}`;
  const other = todo === null ? `, or start it with --parallel ${capacity}.` : `: ${todo}.`;
  return [warn("slots", says, set + other)];
}

/** The Date header is the other machine's clock: two that agree are seldom both wrong. */
export function clockFinding(date: string | null, now: number = Date.now()): Finding[] {
  if (date === null) return [];
  const off = Math.round((now - Date.parse(date)) / 1000);
  if (Number.isNaN(off)) return [];
  if (Math.abs(off) <= 30) return [ok("clock", "agrees with the upstream's")];
  const says = `${Math.abs(off)} s ${off > 0 ? "ahead of" : "behind"} the upstream's`;
  return [warn("clock", says, "Turn on time synchronisation (timedatectl set-ntp true) on both.")];
}
