import { yesOrNo } from "./access-kinds.ts";
import { shown } from "./fault-line.ts";
import { kind, WrongValue } from "./kind.ts";
import { capacity, choice, key, path, upstreamUrl } from "./kinds.ts";
import { providerUpstreams } from "./provider-upstreams.ts";
import { membersOf, type Reading, readValue } from "./reading.ts";
import type { UpstreamSettings } from "./routing-settings.ts";
import { upstreamTypes } from "./upstream-types.ts";
import { variableIn } from "./variable-in.ts";
import type { Member, Written } from "./written.ts";

const names = [
  "url",
  "type",
  "key",
  "auth",
  "max_concurrent",
  "weight",
  "drain",
  "exclusive_models",
  "box",
  "ca",
  "certificate",
  "certificate_key",
] as const;

const plainName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const weight = kind((text) => {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value > 0 && value <= 1_000) return value;
  throw new WrongValue("must be a number above 0, at most 1000");
});

const boxName = kind((text) => {
  if (plainName.test(text)) return text;
  throw new WrongValue("must be a name: A-Z a-z 0-9 . _ -");
});

/** A cloud takes many at once; how many at most is then a question of its bill. */
const cloudCapacity = 32;

/** The section's upstreams by name, and those that variables such as OPENAI_DOMAIN make. */
export function readUpstreams(section: Written | null, reading: Reading): UpstreamSettings[] {
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

function upstreamOf({ name, at, written }: Member, reading: Reading): UpstreamSettings {
  const about = `upstream ${shown(name)}:`;
  const { settings } = reading;
  if (!plainName.test(name)) {
    reading.fault(at, `${about} its name must be 1 to 64 of A-Z a-z 0-9 . _ -, no sign first`);
  }
  if (name === "default") {
    reading.fault(
      at,
      `${about} in routes that is the one of UPSTREAM_URL; name this one otherwise`,
    );
  }
  // `gpu1: http://box:8080` says enough.
  const given =
    written.text === null
      ? membersOf(written, names, about, reading)
      : new Map([["url" as const, written]]);
  const url = given?.get("url");
  if (given !== null && (url === undefined || url.text === "")) {
    reading.fault(at, `${about} needs a url`);
  }
  const get = <Value>(member: (typeof names)[number], of: Kind<Value>, otherwise: Value): Value =>
    readValue(given?.get(member), of, otherwise, `${about} ${member}`, reading);
  const type = get("type", choice(upstreamTypes), "auto");
  const isCloud = type === "anthropic" || type === "google";
  const file = (member: "ca" | "certificate" | "certificate_key"): string | null =>
    fileOf(given?.get(member), `${about} ${member}`, reading);
  const upstream: UpstreamSettings = {
    name,
    url: url?.text === "" ? "" : get("url", upstreamUrl, ""),
    type,
    key: keyOf(given?.get("key"), `${about} key`, reading),
    passthrough: passes(given?.get("auth"), about, reading),
    maxConcurrent: get(
      "max_concurrent",
      capacity,
      isCloud ? cloudCapacity : (settings.maxConcurrent ?? 1),
    ),
    weight: get("weight", weight, 1),
    drain: get("drain", yesOrNo, false),
    exclusiveModels: get("exclusive_models", yesOrNo, settings.exclusiveModels === "on"),
    box: get<string | null>("box", boxName, null),
    ca: file("ca"),
    certificate: file("certificate"),
    certificateKey: file("certificate_key"),
  };
  if ((upstream.certificate === null) !== (upstream.certificateKey === null)) {
    reading.fault(at, `${about} certificate and certificate_key need each other`);
  }
  if (upstream.passthrough && upstream.key !== null) {
    reading.fault(at, `${about} must have either a key or auth: passthrough`);
  }
  return upstream;
}

type Kind<Value> = Parameters<typeof readValue<Value>>[1];

/** As it stands, or `${NAME}` from the environment. */
function keyOf(written: Written | undefined, about: string, reading: Reading): string | null {
  const name = variableIn(written?.text ?? "");
  if (written === undefined || name === null) {
    return readValue<string | null>(written, key, null, about, reading);
  }
  const text = reading.variable(name);
  if (text === undefined) reading.fault(written.at, `${about}: the variable ${name} is not set`);
  const meant = text === undefined ? undefined : { ...written, text };
  return readValue<string | null>(meant, key, null, `${about} (from ${name})`, reading);
}

/** With keys of our own, passing on what clients show would give those keys away. */
function passes(written: Written | undefined, about: string, reading: Reading): boolean {
  const word = readValue(written, choice(["passthrough", "key"]), "key", `${about} auth`, reading);
  if (written === undefined || word !== "passthrough") return false;
  const { middlewares } = reading.settings;
  const isOpen = middlewares?.some(({ options }) => options.mode === "none") ?? true;
  if (!isOpen) {
    reading.fault(
      written.at,
      `${about} auth: passthrough needs "- auth: none" among the middlewares`,
    );
  }
  return true;
}

function fileOf(written: Written | undefined, about: string, reading: Reading): string | null {
  const file = readValue<string | null>(written, path, null, about, reading);
  if (written !== undefined && file !== null && !reading.exists(file)) {
    reading.fault(written.at, `${about} must be the path of a PEM file; there is none`);
  }
  return file;
}
