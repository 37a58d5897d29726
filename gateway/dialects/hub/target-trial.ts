import type { SharedV4Warning } from "@ai-sdk/provider";
import { isJsonObject, type JsonObject } from "../../json-object.ts";
import type { HubRequest } from "./hub.ts";
import { type TargetName, type TargetSettings, targetOf } from "./target.ts";

/** What a provider would send, and what it would leave out. */
export type Trial = { readonly body: JsonObject; readonly warnings: readonly SharedV4Warning[] };

/**
 * Lets a family's provider write its request, and asks nobody. Rejects with the provider's errors.
 */
export async function tryRequest(
  target: TargetName,
  options: HubRequest["options"],
  settings: TargetSettings,
): Promise<Trial> {
  let body: JsonObject = {};
  const silent: typeof fetch = async (_path, init) => {
    const sent: unknown = JSON.parse(String(init?.body));
    if (isJsonObject(sent)) body = sent;
    return new Response("", { headers: { "content-type": "text/event-stream" } });
  };
  const model = await targetOf(target).model({ ...settings, fetch: silent });
  const { stream } = await model.doStream(options);
  const reader = stream.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return { body, warnings: value?.type === "stream-start" ? value.warnings : [] };
}
