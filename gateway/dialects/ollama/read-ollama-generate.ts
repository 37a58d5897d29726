import type { JsonObject } from "../../json-object.ts";
import { isAbsent, wrong } from "../field-checks.ts";
import type { HubRequest } from "../hub/hub.ts";
import { createPrompt } from "../hub/parts-prompt.ts";
import { refuseDeep } from "../hub/read-depth.ts";
import { createDropped } from "../hub/read-dropped.ts";
import { flagAt, textAt } from "../hub/read-fields.ts";
import { readImages } from "./read-ollama-chat.ts";
import { readOllamaFormat, readOptions, readThink } from "./read-ollama-settings.ts";
import { loadedGenerate } from "./write-ollama.ts";

const knownFields: ReadonlySet<string> = new Set([
  ...["model", "name", "prompt", "system", "images", "format", "options", "stream", "keep_alive"],
  ...["think", "raw", "suffix", "template", "context"],
]);

/** The text that these ask for cannot be had from a server that has chats only. */
function refuseRaw(body: JsonObject): void {
  const rule = "works only if the model's upstream is an Ollama; use /v1/completions instead";
  if (flagAt(body, "raw", "") === true) wrong("raw", rule);
  for (const name of ["suffix", "template"]) {
    if ((textAt(body, name, "") ?? "") !== "") wrong(name, rule);
  }
}

/**
 * What a request of `/api/generate` means: a chat of one turn. Without a prompt it asks for the
 * model to be loaded, and the answer comes at once. Throws GatewayError (400) that names the field.
 * @see https://docs.ollama.com/api/generate
 */
export function readOllamaGenerate(body: JsonObject): HubRequest {
  refuseDeep(body);
  refuseRaw(body);
  const dropped = createDropped();
  const settings = readOptions(body, dropped);
  const prompt = createPrompt();
  const said = textAt(body, "prompt", "") ?? "";
  const images = readImages(body, "");
  const asksNothing = said === "" && images.length === 0;
  prompt.system(textAt(body, "system", "") ?? "");
  prompt.user([{ type: "text", text: said }, ...images]);
  // The tokens of another server's last answer.
  if (!isAbsent(body.context)) dropped.add("context");
  readOllamaFormat(body, settings);
  readThink(body, settings, dropped);
  dropped.rest(body, "", knownFields);
  return {
    options: { ...settings, prompt: prompt.prompt() },
    dropped: dropped.list(),
    told: dropped.tolds(),
    ...(asksNothing ? { reply: loadedGenerate } : {}),
  };
}
