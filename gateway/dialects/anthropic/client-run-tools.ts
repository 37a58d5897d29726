import { type JsonObject, jsonText } from "../../json-object.ts";
import { asSchema, type Schema } from "../hub/parts-hub.ts";

/** A tool that Anthropic's models know by its type, and that the client runs. */
type ClientRunTool = {
  readonly schema: Schema;
  readonly description: string;
  /** The fields of the tool that the description tells. */
  readonly told: readonly string[];
};

type Properties = Readonly<Record<string, object>>;

const text = (description: string): object => ({ type: "string", description });
const integer = (description: string): object => ({ type: "integer", description });
const numbers = (description: string, length: number): object => ({
  type: "array",
  items: { type: "integer" },
  ...{ minItems: length, maxItems: length, description },
});
const oneOf = (names: string, description: string): object => ({
  type: "string",
  ...{ enum: names.split(" "), description },
});

const schemaOf = (properties: Properties, required: readonly string[]): Schema =>
  asSchema({ type: "object", properties, required, additionalProperties: false });

const files: Properties = {
  path: text("The absolute path of the file or folder."),
  file_text: text("For create: the whole text of the file."),
  old_str: text("For str_replace: the text to replace. It must stand in the file exactly once."),
  insert_line: integer("For insert: the line behind which the text goes; 0 is the beginning."),
  view_range: numbers("For view: the first and the last line; -1 is the last line.", 2),
};

const bash: ClientRunTool = {
  description: "Runs a command in a shell that goes on between calls, and returns what it prints.",
  schema: schemaOf(
    {
      command: text("The command to run."),
      restart: { type: "boolean", description: "True starts the shell anew." },
    },
    [],
  ),
  told: [],
};

/** The newer versions cannot undo, and name the text of `insert` as such. */
function textEditor(isOld: boolean): ClientRunTool {
  const commands = "view create str_replace insert";
  const inserted: Properties = isOld
    ? { new_str: text("For str_replace and insert: the new text.") }
    : {
        new_str: text("For str_replace: the new text."),
        insert_text: text("For insert: the text to insert."),
      };
  const command = oneOf(isOld ? `${commands} undo_edit` : commands, "What to do.");
  return {
    description: "Shows, creates and edits files of text.",
    schema: schemaOf({ command, ...files, ...inserted }, ["command", "path"]),
    told: ["max_characters"],
  };
}

const memory: ClientRunTool = {
  description: "Keeps notes as files below /memories, which last between conversations.",
  schema: schemaOf(
    {
      command: oneOf("view create str_replace insert delete rename", "What to do."),
      ...files,
      new_str: text("For str_replace: the new text."),
      insert_text: text("For insert: the text to insert."),
      old_path: text("For rename: the path as it is."),
      new_path: text("For rename: the path as it will be."),
    },
    ["command"],
  ),
  told: [],
};

const clicks =
  "key type mouse_move left_click left_click_drag right_click middle_click double_click screenshot cursor_position";
const moreClicks = `${clicks} hold_key left_mouse_down left_mouse_up triple_click scroll wait`;

function computer(version: string, tool: JsonObject): ClientRunTool {
  const { display_width_px: width, display_height_px: height, enable_zoom: zooms } = tool;
  const isOld = version < "20250124";
  const actions = isOld ? clicks : zooms === true ? `${moreClicks} zoom` : moreClicks;
  const size = width && height ? ` The screen is ${width} pixels wide and ${height} high.` : "";
  const newer: Properties = {
    start_coordinate: numbers("For left_click_drag: x and y where the drag begins.", 2),
    duration: { type: "number", description: "For hold_key and wait: seconds." },
    scroll_direction: oneOf("up down left right", "For scroll: where to."),
    scroll_amount: integer("For scroll: how many clicks of the wheel."),
    ...(zooms === true ? { region: numbers("For zoom: x and y of two corners.", 4) } : {}),
  };
  return {
    description: `Controls mouse and keyboard of a computer, and takes screenshots.${size}`,
    schema: schemaOf(
      {
        action: oneOf(actions, "What to do."),
        coordinate: numbers("x and y in pixels, from the left and the top.", 2),
        text: text("For type: the text. For key and hold_key: the keys, as in ctrl+s."),
        ...(isOld ? {} : newer),
      },
      ["action"],
    ),
    told: ["display_width_px", "display_height_px", "display_number", "enable_zoom"],
  };
}

const typed = /^(bash|text_editor|computer|memory)_(\d{8})$/;

/**
 * A tool with a type of its own that the client runs, as a function with the arguments that
 * Anthropic's models give it; null for any other tool.
 */
export function clientRunTool(tool: JsonObject): ClientRunTool | null {
  const [, kind, version = ""] = typed.exec(jsonText(tool.type)) ?? [];
  if (kind === "bash") return bash;
  if (kind === "text_editor") return textEditor(version < "20250429");
  if (kind === "computer") return computer(version, tool);
  return kind === "memory" ? memory : null;
}
