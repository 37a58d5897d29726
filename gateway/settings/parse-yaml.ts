import { createRequire } from "node:module";
import type { Document, Node, Scalar } from "yaml";
import type { Written, WrittenMember } from "../kinds/written.ts";

export type ParsedYaml = {
  /** Null where the text is no YAML at all. */
  readonly root: Written | null;
  /** One line each; none repeats the text, which may be a key. */
  readonly faults: readonly string[];
};

/** What to do about a fault that the library names so. */
const cures: Readonly<Record<string, string>> = {
  BAD_ALIAS: "; text that begins with * or & needs quotes",
  BAD_SCALAR_START: "; text that begins with this character needs quotes",
  BLOCK_AS_IMPLICIT_KEY: '; text with ": " in it needs quotes',
  TAB_AS_INDENT: "; indent with spaces",
};

/** Aliases may lead back to where they stand. */
const deepest = 16;

/**
 * YAML, or JSON, which is YAML too, with the place of everything in it. `where` is the file or the
 * variable it comes from.
 */
export function parseYaml(text: string, where: string): ParsedYaml {
  // Loaded only where there is something to read: most starts need not wait for it.
  const { isAlias, isCollection, isMap, isScalar, LineCounter, parseDocument } = createRequire(
    import.meta.url,
  )("yaml") as typeof import("yaml");
  const lines = new LineCounter();
  const options = { lineCounter: lines, prettyErrors: false };
  const document: Document<Node> = parseDocument(
    text.replace(variable, "\uE000\uE000$1\uE001"),
    options,
  );
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${where} line ${line}, column ${col}`;
  };
  // The library's own messages repeat the line, and with it perhaps a key.
  const broken = document.errors.map(({ code, pos }) => ({
    isDuplicate: code === "DUPLICATE_KEY",
    line: `${place(pos[0])}: not valid YAML (${code.toLowerCase().replaceAll("_", " ")})${cures[code] ?? ""}`,
  }));
  const worst = broken.find(({ isDuplicate }) => !isDuplicate);
  if (worst !== undefined) return { root: null, faults: [worst.line] };
  const faults = broken.map(({ line }) => line);

  function written(node: Node | null, from: string, depth: number): Written {
    const at = node?.range ? place(node.range[0]) : from;
    const nothing = { at, value: null, text: "", items: null, members: null };
    if (node === null || depth > deepest) {
      if (node !== null) faults.push(`${at}: nested too deeply`);
      return nothing;
    }
    if (isAlias(node)) {
      const meant = node.resolve(document);
      // The place of the alias: there it is wrong.
      if (meant !== undefined) return { ...written(meant, at, depth + 1), at };
      faults.push(`${at}: no anchor of that name above; text that begins with * needs quotes`);
      return nothing;
    }
    if (isScalar(node)) {
      const { value } = node;
      const plain = typeof value === "string" ? asWritten(value) : value;
      return { ...nothing, text: textOf(node), value: plain };
    }
    if (isMap<Node, Node | null>(node)) {
      const members = node.items.map(({ key, value }): WrittenMember => {
        const name = isScalar(key) ? asWritten(String(key.source ?? key.value)) : "";
        const keyAt = key.range ? place(key.range[0]) : at;
        return { name, at: keyAt, written: written(value, keyAt, depth + 1) };
      });
      const value = Object.fromEntries(members.map((one) => [one.name, one.written.value]));
      return { at, value, text: null, items: null, members };
    }
    const nodes = isCollection(node) ? (node.items as Node[]) : [];
    const items = nodes.map((item) => written(item, at, depth + 1));
    return { at, value: items.map(({ value }) => value), text: null, items, members: null };
  }

  return { root: written(document.contents, where, 0), faults };
}

/**
 * `{key: ${NAME}}` without quotes is no YAML; so the braces are others while it is read, as long.
 */
const variable = /\$\{(\w+)\}/g;

const asWritten = (text: string): string => text.replace(/\uE000\uE000(\w+)\uE001/g, `\${$1}`);

/** As it was written, so that a key of digits keeps its zeros; `false` is off. */
function textOf({ value, source }: Scalar): string {
  if (value === null) return "";
  if (value === false) return "off";
  return (typeof value === "string" ? asWritten(value) : (source ?? String(value))).trim();
}
