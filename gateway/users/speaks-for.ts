import { isJsonObject, type JsonObject } from "../json-object.ts";

/** How a key names the people behind it, one in each request. */
export type SpeaksFor = {
  /** The header with the person's name, or with the assertion; in lower case. */
  readonly header: string;
  /** The environment variable with the secret of the assertions; null: the header is a plain name. */
  readonly secretEnv: string | null;
  /** What an assertion must say under `iss`. */
  readonly issuer: string;
  /** The claim with the person's name. */
  readonly claim: string;
  /** A header with the task of a request, in lower case; null: the program sends none. */
  readonly taskHeader: string | null;
};

/** Tasks of Open WebUI for which nobody waits. It has others, which an answer needs: search queries. */
export const backgroundTasks: ReadonlySet<string> = new Set([
  "title_generation",
  "tags_generation",
  "follow_up_generation",
  "emoji_generation",
  "autocomplete_generation",
]);

/**
 * Open WebUI (read in 0.11.3, 0.11.4 and 0.12.4) sends the first header with
 * ENABLE_FORWARD_USER_INFO_HEADERS, the second one instead with
 * FORWARD_USER_INFO_HEADER_JWT_SECRET, and the third one if a connection has it as a custom header
 * with the value {{TASK}}. It takes the task out of the body, so nothing else tells it. LibreChat (0.8) sends the headers of its endpoint: docs/users.md has them.
 */
const presets: Readonly<Record<string, { plain: string; signed: string; task: string | null }>> = {
  "open-webui": {
    plain: "x-openwebui-user-email",
    signed: "x-openwebui-user-jwt",
    task: "x-openwebui-task",
  },
  librechat: { plain: "x-librechat-user-email", signed: "x-librechat-user-jwt", task: null },
};

const members = ["preset", "header", "jwt_secret_env", "iss", "claim"];
const presetNames = Object.keys(presets).join(" or ");

/** Headers that say who sends, or that frame the message: no program puts a person's name there. */
const taken =
  /^(?:authorization|x-api-key|x-goog-api-key|cookie|host|connection|content-.*|transfer-encoding)$/;

/**
 * Reads `speaks_for` of an entry: the name of a preset, or an object.
 * @throws Error with a message that names the member and never repeats its value
 */
export function parseSpeaksFor(value: unknown): SpeaksFor | null {
  if (value === undefined || value === null) return null;
  const given = typeof value === "string" ? { preset: value } : value;
  if (!isJsonObject(given)) throw new Error(`"speaks_for" must be ${presetNames}, or an object`);
  const unknown = Object.keys(given).find((name) => !members.includes(name));
  if (unknown !== undefined) {
    throw new Error(`"speaks_for" has an unknown member; there are ${members.join(", ")}`);
  }
  const preset = presetOf(given.preset);
  const secretEnv = textOf(given, "jwt_secret_env", /^[A-Za-z_][A-Za-z0-9_]{0,127}$/) ?? null;
  const usual = secretEnv === null ? preset?.plain : preset?.signed;
  const header = (textOf(given, "header", /^[A-Za-z0-9-]{1,64}$/) ?? usual)?.toLowerCase();
  if (header === undefined) throw new Error('"speaks_for" needs a header, or a preset');
  if (taken.test(header)) throw new Error('"speaks_for" must name a header of its own');
  return Object.freeze({
    header,
    secretEnv,
    issuer: textOf(given, "iss", /^[\x21-\x7e]{1,128}$/) ?? "open-webui",
    claim: textOf(given, "claim", /^[\x21-\x7e]{1,128}$/) ?? "email",
    taskHeader: preset?.task ?? null,
  });
}

function presetOf(name: unknown): (typeof presets)[string] | null {
  if (name === undefined) return null;
  const found =
    typeof name === "string" && Object.hasOwn(presets, name) ? presets[name] : undefined;
  if (found === undefined) throw new Error(`"speaks_for" knows the presets ${presetNames}`);
  return found;
}

function textOf(given: JsonObject, name: string, form: RegExp): string | undefined {
  const value = given[name];
  if (value === undefined) return undefined;
  if (typeof value === "string" && form.test(value)) return value;
  throw new Error(`"speaks_for": ${name} is not valid`);
}
