import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const folder = join(import.meta.dirname, "browser");
const code = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".js") && name !== "dictionary.js")
  .map((name) => readFileSync(join(folder, name), "utf8"))
  .join("\n");

// By a path that is not written out: the page's types are those of a browser.
const path: string = join(folder, "dictionary.js");
const { dictionary }: { dictionary: Record<"en" | "de", Record<string, string>> } = await import(
  path
);
const phrases = Object.keys(dictionary.en);
const placesIn = (text = ""): string[] => [...new Set(text.match(/\{\w+\}/g))].toSorted();

it("each phrase has the same places to fill in, in each language", () => {
  expect(Object.keys(dictionary.de)).toEqual(phrases);
  for (const phrase of phrases) {
    const { en, de } = dictionary;
    expect(placesIn(de[phrase]), phrase).toEqual(placesIn(en[phrase]));
  }
});

it("each phrase is said somewhere", () => {
  // Some names are put together: screen.${name}.
  const isSaid = (phrase: string): boolean =>
    code.includes(`"${phrase}"`) ||
    code.includes(`\`${phrase}\``) ||
    code.includes(`\`${phrase.slice(0, phrase.indexOf(".") + 1)}\${`);
  expect(phrases.filter((phrase) => phrase !== "language" && !isSaid(phrase))).toEqual([]);
});
