import { isJsonObject } from "../../json-object.ts";
import type { Upstream } from "../upstream.ts";
import { counted, type Finding, fail, ok, reasonOf, warn } from "./finding.ts";
import { createUpstreamProbe, type UpstreamProbe } from "./upstream-probe.ts";
import { otherType } from "./upstream-words.ts";

/** What is looked at, and how the settings name it. */
export type InspectedUpstream = {
  readonly upstream: Upstream;
  /** As it is in the settings. */
  readonly url: string;
  /** True if the config file gave it its name; false: it is the one of UPSTREAM_URL. */
  readonly isNamed: boolean;
  readonly capacity: number | "auto";
};

export type InspectOptions = {
  /** Whether this process runs in a container, where 127.0.0.1 is the container itself. */
  readonly isContainer: boolean;
  /** For each question. */
  readonly timeoutMs: number;
};

/** What was found; `models` is null if the upstream cannot be used. */
export type UpstreamInspection = {
  readonly findings: readonly Finding[];
  readonly models: readonly string[] | null;
  /** llama.cpp's number of slots; null for any other server. */
  readonly slots: number | null;
  readonly probe: UpstreamProbe;
};

const about = "upstream";

/** The names of the settings: variables for UPSTREAM_URL, fields for an upstream with a name. */
type SettingNames = { url: string; key: string; type: string; slots: (count: unknown) => string };

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

/** Asks an upstream for its models and its slots, past the queue. Generates nothing. */
export async function inspectUpstream(
  inspected: InspectedUpstream,
  options: InspectOptions,
): Promise<UpstreamInspection> {
  const { upstream, url, capacity, isNamed } = inspected;
  const names = isNamed ? fields : variables;
  const probe = createUpstreamProbe(upstream, options.timeoutMs);
  const only = (finding: Finding): UpstreamInspection => {
    return { findings: [finding], models: null, slots: null, probe };
  };
  if (options.isContainer && /\/\/(localhost|127\.|\[::1\]|0\.0\.0\.0)/.test(url)) {
    const todo = `In ${names.url}, write host.docker.internal instead.`;
    return only(fail(about, `${url} is the container itself, not this machine.`, todo));
  }
  let answer: Awaited<ReturnType<UpstreamProbe["get"]>>;
  try {
    answer = await probe.get(probe.words.modelsPath);
  } catch (error) {
    const reason = reasonOf(error);
    return only(fail(about, `${url} cannot be reached: ${reason}`, hintFor(url, reason, names)));
  }
  const { status, body, date } = answer;
  const refused = refusalIn(answer, inspected, names);
  if (refused !== null) return only(refused);
  const models = probe.words.modelsIn(body);
  if (status !== 200 || models === null) {
    const todo = `Set ${names.url} to a server with ${probe.words.speaks} (without /v1).`;
    return only(fail(about, `${url} answers ${status} without a list of models.`, todo));
  }
  const slots = upstream.family === "openai" ? await slotsOf(probe) : null;
  const some = models.slice(0, 3).join(", ");
  const findings = [
    ok(about, `${url} answers; it has ${counted(models.length, "model")}: ${some}`),
    ok("dialect", slots === null ? probe.words.speaks : `${probe.words.speaks}, of llama.cpp`),
    ...clockFinding(date),
    ...slotFinding(slots, capacity, names),
  ];
  return { findings, models, slots, probe };
}

/** What an answer says that is not a list of models; null if there is nothing of the kind. */
function refusalIn(
  { status, body }: { status: number; body: unknown },
  { upstream: { passthrough, type }, url }: InspectedUpstream,
  names: SettingNames,
): Finding | null {
  if (status === 401 || status === 403) {
    if (passthrough) return ok(about, `${url} answers, and requires the clients' own keys.`);
    const todo = `Set ${names.key} to a key that it accepts.`;
    return fail(about, `${url} refuses the gateway's key (${status}).`, todo);
  }
  if (status === 503) {
    return warn(about, `${url} is still loading its model.`, "Wait until it is ready.");
  }
  const other = status === 200 ? otherType(type, body) : null;
  if (other === null) return null;
  return fail(about, `${url} has the API of ${other}.`, `Set ${names.type}${other}.`);
}

function hintFor(url: string, reason: string, names: SettingNames): string {
  if (url.includes("host.docker.internal") && /ECONNREFUSED|no answer/.test(reason)) {
    return "Let the server listen on Docker's address, not only on 127.0.0.1: docs/operations.md, An upstream on the same machine.";
  }
  if (reason === "ENOTFOUND") return `Check the host name in ${names.url}.`;
  if (reason.includes("proxy")) return "Check HTTP_PROXY and HTTPS_PROXY, or add it to NO_PROXY.";
  if (reason.includes("is not trusted")) {
    return "Name the CA of its certificate in UPSTREAM_CA, or in ca of the upstream.";
  }
  return `Start the server, or correct ${names.url}.`;
}

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
  const has = counted(slots, "slot");
  if (capacity === "auto" || slots === capacity)
    return [ok("slots", `${has}; the gateway uses all.`)];
  if (capacity < slots) {
    return [warn("slots", `${has}, ${capacity} used.`, `${names.slots("auto")} uses all.`)];
  }
  const todo = `Set ${names.slots("auto")}. The other requests wait inside llama.cpp, where nobody sees their place.`;
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
