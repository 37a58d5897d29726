import { isJsonObject, type JsonObject } from "../../json-object.ts";
import type { Assembly } from "../openai-chat/assembly.ts";

/** The response that the last event of a stream holds; with the items, where it leaves them out. */
export function assembleResponse(): Assembly {
  const items: JsonObject[] = [];
  let response: JsonObject = {};
  return {
    get upstreamId() {
      return typeof response.id === "string" ? response.id : null;
    },
    add(event) {
      if (!isJsonObject(event)) return;
      if (event.type === "response.output_item.done" && isJsonObject(event.item)) {
        items.push(event.item);
      }
      if (isJsonObject(event.response)) response = event.response;
    },
    answer() {
      const { output } = response;
      return Array.isArray(output) && output.length > 0 ? response : { ...response, output: items };
    },
  };
}
