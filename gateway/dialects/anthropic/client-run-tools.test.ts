import { describe, expect, it } from "vitest";
import { readMessages } from "./read-messages.ts";

const messages = [{ role: "user", content: "hi" }];

function read(...tools: object[]) {
  const { options, dropped, told } = readMessages({ messages, tools });
  return { tools: options.tools ?? [], dropped, told };
}

type Properties = Record<string, { enum?: string[] }>;

describe("a tool of Anthropic's with a type of its own", () => {
  it.each([
    ["bash_20250124", "bash", ["command", "restart"]],
    [
      "text_editor_20250728",
      "str_replace_based_edit_tool",
      "command path file_text old_str insert_line view_range new_str insert_text".split(" "),
    ],
    [
      "memory_20250818",
      "memory",
      "command path file_text old_str insert_line view_range new_str insert_text old_path new_path".split(
        " ",
      ),
    ],
    [
      "computer_20250124",
      "computer",
      "action coordinate text start_coordinate duration scroll_direction scroll_amount".split(" "),
    ],
  ])("%s, which the client runs, is a function", (type, name, arguments_) => {
    const { tools, dropped } = read({ type, name });
    expect(dropped).toEqual([]);
    expect(tools).toMatchObject([{ type: "function", name, inputSchema: { type: "object" } }]);
    const [tool] = tools;
    const schema = tool?.type === "function" ? tool.inputSchema : {};
    expect(Object.keys(schema.properties ?? {})).toEqual(arguments_);
  });

  it("says what its version can do, and how large the screen is", () => {
    const name = "computer";
    const screen = { display_width_px: 1024, display_height_px: 768, display_number: 1 };
    const { tools, dropped } = read(
      { type: "computer_20241022", name, ...screen },
      { type: "computer_20251124", name, ...screen, enable_zoom: true },
      { type: "text_editor_20250124", name: "str_replace_editor" },
      { type: "text_editor_20250728", name: "edit", max_characters: 9 },
    );
    expect(dropped).toEqual([]);
    const actionsOf = tools.map((tool) => {
      const { action, command } = (
        tool.type === "function" ? (tool.inputSchema.properties ?? {}) : {}
      ) as Properties;
      return (action ?? command)?.enum?.at(-1);
    });
    expect(actionsOf).toEqual(["cursor_position", "zoom", "undo_edit", "insert"]);
    expect(tools[0]).toMatchObject({
      description: expect.stringContaining("1024 pixels wide and 768 high"),
    });
  });

  it("is dropped and named if Anthropic's servers run it", () => {
    const { tools, dropped } = read(
      { type: "web_search_20250305", name: "web_search" },
      { type: "code_execution_20250825", name: "code_execution" },
      { type: "bash_20250124", name: "bash", cache_control: { type: "ephemeral" } },
    );
    expect(tools).toMatchObject([{ name: "bash" }]);
    expect(dropped).toEqual(["tools[0]", "tools[1]"]);
  });
});
