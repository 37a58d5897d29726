import { describe, expect, it } from "vitest";
import { fitArguments, fitOpening, fitTurns, withoutBlankTexts } from "./fit-turns.ts";
import type { Message } from "./parts-hub.ts";

const user = (...texts: string[]): Message => ({
  role: "user",
  content: texts.map((text) => ({ type: "text", text })),
});
const system = (content: string): Message => ({ role: "system", content });
const said = (text: string): Message => ({ role: "assistant", content: [{ type: "text", text }] });
const call = (id: string, input: unknown = {}): Message => ({
  role: "assistant",
  content: [{ type: "tool-call", toolCallId: id, toolName: "f", input }],
});
const result = (id: string): Message => ({
  role: "tool",
  content: [
    { type: "tool-result", toolCallId: id, toolName: "f", output: { type: "text", value: "r" } },
  ],
});
const note = (text: string): string => `<system>\n${text}\n</system>`;
const turns = (...prompt: Message[]): Message[] => fitTurns({ prompt }).prompt;

describe("turns that every template takes", () => {
  it("have system messages at the start only; later ones are notes of the user", () => {
    expect(turns(system("a"), system("b"), user("q"), system("c"), said("x"), system("d"))).toEqual(
      [system("a"), system("b"), user(`q\n\n${note("c")}`), said("x"), user(note("d"))],
    );
  });

  it("have no two of one side in a row", () => {
    expect(turns(user("a", "b"), user("c"), said("x"), said("y"), user("d"))).toEqual([
      user("a\n\nb\n\nc"),
      { role: "assistant", content: [...textsOf("x"), ...textsOf("y")] },
      user("d"),
    ]);
  });

  it("have nothing between calls and their results", () => {
    expect(turns(user("q"), call("1"), system("n"), result("1"), user("go on"))).toEqual([
      user("q"),
      call("1"),
      result("1"),
      user(`${note("n")}\n\ngo on`),
    ]);
  });

  it("have a result behind each call, which says so if there was none", () => {
    const none = { type: "error-text", value: "The tool gave no result." };
    const empty = [{ type: "tool-result", toolCallId: "1", toolName: "f", output: none }];
    expect(turns(user("q"), call("1"), user("never mind"))).toEqual([
      user("q"),
      call("1"),
      { role: "tool", content: empty },
      user("never mind"),
    ]);
    expect(turns(user("q"), call("1")).at(-1)).toEqual({ role: "tool", content: empty });
  });

  it("have a result that came late behind its call, and one that comes again as text", () => {
    const late = [call("1"), user("well?"), said("I wait."), result("1"), result("1")];
    expect(turns(user("q"), ...late)).toEqual([
      user("q"),
      call("1"),
      result("1"),
      user("well?"),
      said("I wait."),
      user("The result of a tool:\nr"),
    ]);
  });

  it("have the results of several calls together, in the order of the calls", () => {
    const calls = { role: "assistant", content: [...partsOf(call("1")), ...partsOf(call("2"))] };
    const prompt = [user("q"), calls as Message, result("2"), user("x"), result("1")];
    expect(turns(...prompt)).toEqual([
      user("q"),
      calls,
      { role: "tool", content: [...partsOf(result("1")), ...partsOf(result("2"))] },
      user("x"),
    ]);
  });

  it("have ids that name one call, though a server counts from 0 in each turn", () => {
    const prompt = [user("q"), call("0"), result("0"), call("0"), result("0")];
    expect(turns(...prompt)).toEqual([
      ...[user("q"), call("0"), result("0")],
      ...[call("0_2"), result("0_2")],
    ]);
  });

  it("have a result without its call as text", () => {
    expect(turns(user("q"), call("1"), result("1"), result("lost"))).toEqual([
      user("q"),
      call("1"),
      result("1"),
      user("The result of a tool:\nr"),
    ]);
  });
});

const partsOf = ({ content }: Message) => (typeof content === "string" ? [] : content);

function textsOf(text: string) {
  return [{ type: "text", text }] as const;
}

describe("a conversation for an API that has the system prompt beside it", () => {
  it("is what the system says, where there is nothing else", () => {
    expect(fitOpening({ prompt: [system("a"), system("b")] }).prompt).toEqual([
      system("a"),
      user("b"),
    ]);
  });

  it("begins with the user", () => {
    const { prompt } = fitOpening({ prompt: [system("a"), said("Hello!"), user("q")] });
    expect(prompt.map(({ role }) => role)).toEqual(["system", "user", "assistant", "user"]);
  });
});

it.each(['{"a":', [1], null, 5])("puts arguments that are no object (%j) into one", (input) => {
  const [message] = fitArguments({ prompt: [call("1", input)] }).prompt;
  expect(message).toEqual(call("1", { input }));
});

it("leaves out texts of white space, and turns that have nothing else", () => {
  const text = (content: string) => ({ type: "text", text: content }) as const;
  const prompt: Message[] = [
    { role: "system", content: " " },
    { role: "user", content: [text("a"), text("\n")] },
    { role: "assistant", content: [text(" ")] },
    { role: "user", content: [text("b")] },
    { role: "assistant", content: [text("c"), text("\t")] },
  ];
  expect(fitTurns(withoutBlankTexts({ prompt })).prompt).toEqual([
    { role: "user", content: [text("a\n\nb")] },
    { role: "assistant", content: [text("c")] },
  ]);
  const nothing = fitOpening(fitTurns(withoutBlankTexts({ prompt: [system(" "), user(" ")] })));
  expect(nothing.prompt).toEqual([user("(no message)")]);
});
