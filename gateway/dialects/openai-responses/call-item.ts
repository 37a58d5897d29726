import type { Block } from "../hub/answer-blocks.ts";
import { clientToolOf } from "../hub/client-tools.ts";
import { freeformText, objectIn } from "../hub/freeform.ts";
import type { AnswerNames } from "../hub/hub.ts";
import { localShellAction, patchOperation, shellAction } from "./client-run-tools.ts";

/** The item of a call. */
export type CallItem = Record<string, unknown> & { readonly id: string; readonly type: string };

const prefixes = {
  function: "fc",
  custom: "ctc",
  local_shell: "lsh",
  shell: "sh",
  apply_patch: "apc",
  tool_search: "tsc",
} as const;

/** A call as the item of its kind. As it begins, it says nothing but its name. */
export function callItem(
  block: Block,
  status: "in_progress" | "completed",
  { id: answer, clientTools }: AnswerNames,
  index: number,
): CallItem {
  const { kind, name, namespace } = clientToolOf(block.name, clientTools);
  const said = status === "in_progress" ? "" : block.text;
  const id = `${prefixes[kind]}_${answer}_${index}`;
  const head = { id, status, call_id: block.id };
  const group = namespace === null ? {} : { namespace };
  switch (kind) {
    case "custom":
      return { ...head, type: "custom_tool_call", name, ...group, input: freeformText(said) };
    case "local_shell":
      return { ...head, type: "local_shell_call", action: localShellAction(said) };
    case "shell":
      return { ...head, type: "shell_call", action: shellAction(said), environment: null };
    case "apply_patch":
      return { ...head, type: "apply_patch_call", operation: patchOperation(said) };
    case "tool_search":
      return {
        ...head,
        type: "tool_search_call",
        execution: "client",
        arguments: objectIn(said),
      };
    default:
      return { ...head, type: "function_call", name, ...group, arguments: said };
  }
}
