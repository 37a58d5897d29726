import type { EntryFields } from "../../users/users-document.ts";

type Given = Readonly<
  Partial<
    Record<
      | ("role" | "expires" | "models" | "weight" | "priority" | "note" | "notify")
      | ("max-concurrent" | "max-queued"),
      string
    >
  >
>;

/**
 * The fields that were given as options, under their names in the file. `default` is undefined,
 * which removes the field.
 */
export function fieldsFrom(values: Given): EntryFields {
  const { role, expires, note, notify, models, weight, priority } = values;
  const texts = { role, expires, note, notify };
  const numbers = {
    weight,
    priority,
    max_concurrent: values["max-concurrent"],
    max_queued: values["max-queued"],
  };
  const globs = models?.split(",").flatMap((glob) => glob.trim() || []);
  const given: [string, string | undefined, unknown][] = [
    ...Object.entries(texts).map(([name, text]): [string, string | undefined, unknown] => {
      return [name, text, text];
    }),
    ...Object.entries(numbers).map(([name, text]): [string, string | undefined, unknown] => {
      return [name, text, numberFrom(text)];
    }),
    ["models", models, globs],
  ];
  const set = given.filter(([, text]) => text !== undefined);
  return Object.fromEntries(
    set.map(([name, text, value]) => [name, text === "default" ? undefined : value]),
  );
}

/** NaN for anything else than a number: the check of the entry then refuses it by name. */
function numberFrom(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return text.trim() === "" ? Number.NaN : Number(text);
}
