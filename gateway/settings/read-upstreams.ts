import { kindOf } from "../kinds/declared.ts";
import { readText } from "../kinds/kind.ts";
import { membersIn, namesOf, readMember, readMembers, schemaOf } from "../kinds/members.ts";
import { plainName } from "../kinds/plain-kinds.ts";
import { shown } from "../kinds/shown.ts";
import type { Written, WrittenMember } from "../kinds/written.ts";
import { providerUpstreams } from "./provider-upstreams.ts";
import type { Reading } from "./reading.ts";
import type { Section } from "./setting.ts";
import { type UpstreamSettings, upstreamMembers } from "./upstream-members.ts";
import { variableIn } from "./variable-in.ts";

/** A cloud takes many at once; how many at most is a question of its bill. */
const cloudCapacity = 32;

/** The section's upstreams by name, and those that variables such as OPENAI_DOMAIN make. */
export const upstreamsSection: Section<readonly UpstreamSettings[]> = {
  read: readUpstreams,
  schema: {
    type: "object",
    propertyNames: plainName.schema,
    additionalProperties: {
      anyOf: [kindOf(upstreamMembers.url).schema, schemaOf(upstreamMembers)],
    },
  },
};

function readUpstreams(section: Written | null, reading: Reading): UpstreamSettings[] {
  if (section !== null && section.members === null) {
    reading.fault(section.at, "upstreams must be names, each with a url");
  }
  const members = section?.members ?? [];
  const made = providerUpstreams(reading.settings).filter(({ upstream, madeBy }) => {
    const same = members.find(({ name }) => name === upstream.name);
    if (same === undefined) return true;
    const says = `upstream ${same.name}: ${madeBy} makes one of this name; rename one, or unset that`;
    reading.fault(same.at, says);
    return false;
  });
  const written = members.map((member) => upstreamOf(member, reading));
  return [...written, ...made.map(({ upstream }) => upstream)];
}

function upstreamOf({ name, at, written }: WrittenMember, reading: Reading): UpstreamSettings {
  const about = `upstream ${shown(name)}:`;
  const { fault } = reading;
  faultsOfName(name, at, reading);
  // `gpu1: http://box:8080` says enough.
  const given =
    written.text === null
      ? membersIn(written, namesOf(upstreamMembers), about, fault)
      : new Map(written.text === "" ? [] : [["url", written]]);
  if (given !== null && !given.has("url")) {
    fault(at, `${about} needs a url; for example url: http://192.168.1.5:8080`);
  }
  const set = new Map(given);
  const key = keyOf(set.get("key"), about, reading);
  set.delete("key");
  const read = { ...readMembers(upstreamMembers, set, about, fault), key };
  const upstream = { name, ...read, ...usualOf(read.type, set, reading) };
  faultsOfFiles(upstream, set, about, reading);
  faultsOfPairs(upstream, at, about, reading);
  if (upstream.passthrough) faultOfKeys(set.get("auth")?.at ?? at, about, reading);
  return upstream;
}

/** What the settings say for upstreams that do not say it themselves. */
function usualOf(
  type: UpstreamSettings["type"],
  given: ReadonlyMap<string, Written>,
  { settings }: Reading,
): Partial<
  Pick<UpstreamSettings, "maxConcurrent" | "exclusiveModels" | "streamUsage" | "storedResponses">
> {
  const isCloud = type === "anthropic" || type === "google";
  const maxConcurrent = isCloud ? cloudCapacity : (settings.maxConcurrent ?? 1);
  return {
    ...(given.has("max_concurrent") ? {} : { maxConcurrent }),
    ...(given.has("stream_usage") ? {} : { streamUsage: settings.streamUsage }),
    ...(given.has("stored_responses")
      ? {}
      : { storedResponses: settings.storedResponses === "on" }),
    ...(given.has("exclusive_models")
      ? {}
      : { exclusiveModels: settings.exclusiveModels === "on" }),
  };
}

function faultsOfName(name: string, at: string, { fault }: Reading): void {
  const about = `upstream ${shown(name)}:`;
  const { fault: must } = readText(plainName, name);
  if (must !== null) fault(at, `${about} its name ${must}`);
  if (name === "default") {
    fault(at, `${about} routes call the upstream of UPSTREAM_URL so; give this one another name`);
  }
}

/** As it stands, or `${NAME}` from the environment. */
function keyOf(written: Written | undefined, about: string, reading: Reading): string | null {
  const name = variableIn(written?.text ?? "");
  if (written === undefined || name === null) {
    return readMember(upstreamMembers.key, written, about, reading.fault);
  }
  const text = reading.variable(name);
  if (text === undefined) {
    reading.fault(written.at, `${about} key: the variable ${name} is not set`);
    return null;
  }
  const from = { ...upstreamMembers.key, name: `key (from ${name})` };
  return readMember(from, { ...written, text }, about, reading.fault);
}

function faultsOfFiles(
  upstream: UpstreamSettings,
  given: ReadonlyMap<string, Written>,
  about: string,
  { fault, exists }: Reading,
): void {
  for (const property of ["ca", "certificate", "certificateKey"] as const) {
    const { name } = upstreamMembers[property];
    const written = given.get(name);
    const file = upstream[property];
    if (written !== undefined && file !== null && !exists(file)) {
      const says = `${about} ${name} must be the path of a PEM file; there is no such file`;
      fault(written.at, says, shown(file));
    }
  }
}

function faultsOfPairs(
  { certificate, certificateKey, passthrough, key }: UpstreamSettings,
  at: string,
  about: string,
  { fault }: Reading,
): void {
  if ((certificate === null) !== (certificateKey === null)) {
    fault(at, `${about} certificate and certificate_key need each other`);
  }
  if (passthrough && key !== null) {
    fault(at, `${about} must have either a key or auth: passthrough`);
  }
}

/** Clients that show keys of the gateway would give these to the upstream. */
function faultOfKeys(at: string, about: string, { settings, fault }: Reading): void {
  const isOpen = settings.middlewares?.some(({ options }) => options.mode === "none") ?? true;
  if (isOpen) return;
  fault(at, `${about} auth: passthrough needs "- auth: none" among the middlewares`);
}
