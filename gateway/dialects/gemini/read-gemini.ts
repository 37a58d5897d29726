import type { JsonObject } from "../../json-object.ts";
import { isAbsent, wrong } from "../field-checks.ts";
import type { HubRequest } from "../hub/hub.ts";
import { refuseDeep } from "../hub/read-depth.ts";
import { createDropped } from "../hub/read-dropped.ts";
import { integerAt } from "../hub/read-fields.ts";
import { readSettings, refuseSeveral } from "../hub/read-settings.ts";
import { geminiNames, readConfig } from "./read-gemini-config.ts";
import { readContents } from "./read-gemini-contents.ts";
import { documentedNames, namedAt } from "./read-gemini-names.ts";
import { readGeminiChoice, readGeminiTools } from "./read-gemini-tools.ts";

const knownFields: ReadonlySet<string> = new Set([
  "contents",
  "systemInstruction",
  "tools",
  "toolConfig",
  "generationConfig",
  "cachedContent",
  "model",
]);

/**
 * What a Gemini `generateContent` or `streamGenerateContent` request means; the path says which,
 * and the model. Throws GatewayError (400) that names the field.
 * @see https://ai.google.dev/api/generate-content
 */
export function readGemini(request: JsonObject): HubRequest {
  refuseDeep(request);
  const body = documentedNames(request);
  if (!isAbsent(body.cachedContent) && body.cachedContent !== "") {
    wrong("cachedContent", "names content on another server; send the content itself");
  }
  const dropped = createDropped();
  const config = namedAt(body, "generationConfig", "") ?? {};
  refuseSeveral(
    integerAt(config, "candidateCount", "generationConfig"),
    "generationConfig.candidateCount",
  );
  const settings = readSettings(config, "generationConfig", geminiNames);
  const prompt = readContents(body, dropped);
  const tools = readGeminiTools(body, dropped);
  if (tools.length > 0) settings.tools = tools;
  readGeminiChoice(body, settings, dropped);
  readConfig(config, settings, dropped);
  dropped.rest(body, "", knownFields);
  return { options: { ...settings, prompt }, dropped: dropped.list(), told: dropped.tolds() };
}
