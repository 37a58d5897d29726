import type { JsonObject } from "../../json-object.ts";
import { wrong } from "../field-checks.ts";
import { asJson, type Hints, type HubOptions } from "./parts-hub.ts";
import { integerAt, numberAt, textsAt, tokensAt } from "./read-fields.ts";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
export type CallSettings = Mutable<Partial<Omit<HubOptions, "prompt">>>;

/** What each dialect calls the settings that all of them have in some form. */
export type SettingNames = Partial<{
  maxOutputTokens: readonly string[];
  temperature: string;
  topP: string;
  topK: string;
  presencePenalty: string;
  frequencyPenalty: string;
  seed: string;
  stopSequences: string;
}>;

/** Reads the plain sampling settings of `object`, which stands at `path` in the request. */
export function readSettings(object: JsonObject, path: string, names: SettingNames): CallSettings {
  const settings: CallSettings = {};
  for (const name of names.maxOutputTokens ?? []) {
    const tokens = tokensAt(object, name, path);
    if (tokens !== null) settings.maxOutputTokens ??= tokens;
  }
  for (const key of ["temperature", "topP", "presencePenalty", "frequencyPenalty"] as const) {
    const name = names[key];
    const value = name === undefined ? null : numberAt(object, name, path);
    if (value !== null) settings[key] = value;
  }
  for (const key of ["topK", "seed"] as const) {
    const name = names[key];
    const value = name === undefined ? null : integerAt(object, name, path);
    if (value !== null) settings[key] = value;
  }
  if (names.stopSequences !== undefined) {
    const stops = textsAt(object, names.stopSequences, path);
    if (stops.length > 0) settings.stopSequences = stops;
  }
  return settings;
}

/** Adds to what one kind of upstream is told; later words win. */
export function addHint(
  settings: CallSettings,
  provider: "openaiCompatible" | "anthropic" | "google",
  words: JsonObject,
): void {
  if (Object.keys(words).length === 0) return;
  const hints: Hints = settings.providerOptions ?? {};
  hints[provider] = { ...hints[provider], ...asJson(words) };
  settings.providerOptions = hints;
}

/** `user` of OpenAI and `metadata.user_id` of Anthropic. */
export function setUser(settings: CallSettings, user: string): void {
  addHint(settings, "openaiCompatible", { user });
  addHint(settings, "anthropic", { metadata: { userId: user } });
}

/** One call at a time. Said only beside tools: OpenAI refuses the field without them. */
export function setParallelCalls(settings: CallSettings, parallel: boolean): void {
  if ((settings.tools ?? []).length === 0) return;
  addHint(settings, "openaiCompatible", { parallel_tool_calls: parallel });
  addHint(settings, "anthropic", { disableParallelToolUse: !parallel });
}

/** The list of choices cannot be made of answers of upstreams that give one. */
export function refuseSeveral(count: number | null, path: string): void {
  if (count === null || count === 1) return;
  wrong(path, "must be 1 for this model: its upstream gives one answer to a request");
}
