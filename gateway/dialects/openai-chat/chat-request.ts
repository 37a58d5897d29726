import { isJsonObject, type JsonObject } from "../../json-object.ts";
import { checkPresent, isAbsent, optionalList, wrong } from "../field-checks.ts";

/** A text, or a list of parts with a `type`; unknown types pass. */
function checkContent(content: unknown, where: string): void {
  if (isAbsent(content) || typeof content === "string") return;
  if (!Array.isArray(content)) wrong(where, "must be a string, null or a list of parts");
  for (let at = 0; at < content.length; at += 1) {
    const part: unknown = content[at];
    if (!isJsonObject(part)) wrong(`${where}[${at}]`, "must be an object");
    if (typeof part.type !== "string") wrong(`${where}[${at}].type`, "must be a string");
  }
}

function checkMessage(message: unknown, at: number): void {
  const where = `messages[${at}]`;
  if (!isJsonObject(message)) wrong(where, "must be an object");
  if (isAbsent(message.role)) wrong(`${where}.role`, "is required");
  // Any text: a model's template may have roles of its own, as `ipython`.
  if (typeof message.role !== "string") wrong(`${where}.role`, "must be a string");
  checkContent(message.content, `${where}.content`);
}

/** Checks what is particular to a chat request. Throws GatewayError (400) that names the field. */
export function checkChat(body: JsonObject): void {
  checkPresent(body, ["messages"]);
  const messages = optionalList(body, "messages") ?? [];
  if (messages.length === 0) wrong("messages", "must not be empty");
  for (let at = 0; at < messages.length; at += 1) checkMessage(messages[at], at);
  const { temperature, stop } = body;
  if (!isAbsent(temperature) && typeof temperature !== "number") {
    wrong("temperature", "must be a number");
  }
  if (!isAbsent(stop) && typeof stop !== "string" && !Array.isArray(stop)) {
    wrong("stop", "must be a string or a list");
  }
}
