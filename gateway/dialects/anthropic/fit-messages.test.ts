import { describe, expect, it } from "vitest";
import { fitMessages } from "./fit-messages.ts";

const edited = (body: object) => {
  const text = JSON.stringify(body);
  const { body: bytes, changed } = fitMessages(Buffer.from(text));
  return { text, bytes: bytes.toString(), value: JSON.parse(bytes.toString()), changed };
};

const said = { type: "text", text: "a" };
const thought = (signature?: string) => ({ type: "thinking", thinking: "hm", signature });
const use = (id: string) => ({ type: "tool_use", id, name: "f", input: { id: 1 } });
const result = (id: string) => ({ type: "tool_result", tool_use_id: id, content: "r" });
const user = (content: unknown) => ({ role: "user", content });
const model = (...content: unknown[]) => ({ role: "assistant", content });

describe("a Messages request that another model wrote a part of", () => {
  it("keeps every byte if Anthropic takes it as it is", () => {
    const body = {
      messages: [user("q"), model(thought("RXhhY3Q="), use("toolu_1")), user([result("toolu_1")])],
    };
    const { text, bytes, changed } = edited(body);
    expect([bytes, changed]).toEqual([text, []]);
  });

  it("has one id that Anthropic takes for a call and its result", () => {
    const { value, changed } = edited({
      messages: [user("q"), model(use("functions.Bash:0")), user([result("functions.Bash:0")])],
    });
    const [
      ,
      {
        content: [call],
      },
      {
        content: [answer],
      },
    ] = value.messages;
    expect(call.id).toMatch(/^[a-zA-Z0-9_-]+$/);
    expect(answer.tool_use_id).toBe(call.id);
    expect(changed).toEqual(["messages[1].content[0].id", "messages[2].content[0].tool_use_id"]);
  });

  it.each([
    [[thought(""), said], [said]],
    [[said, thought("")], [said]],
    [[thought(), thought(""), said, thought("gAAAAabc")], [said]],
    [[thought("")], [{ type: "text", text: "(no text)" }]],
    [
      [thought("RXhhY3Q="), said],
      [thought("RXhhY3Q="), said],
    ],
  ])("has no thought without a proof: %j", (content, expected) => {
    const { value } = edited({ messages: [user("q"), model(...content), user("more")] });
    expect(value.messages[1].content).toEqual(JSON.parse(JSON.stringify(expected)));
  });

  it("thinks no more in a turn with tools that lost its thought, but does in the next", () => {
    const thinking = { type: "enabled", budget_tokens: 1024 };
    const turn = [user("q"), model(thought(""), use("t")), user([result("t")])];
    expect(edited({ thinking, messages: turn }).value.thinking).toEqual({ type: "disabled" });
    expect(edited({ thinking, messages: turn }).changed).toContain("thinking");
    const later = [...turn, model(said), user("more")];
    expect(edited({ thinking, messages: later }).value.thinking).toEqual(thinking);
  });

  it("keeps numbers and all else beside its edits", () => {
    const text =
      '{"n":12345678901234567890,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a.b","name":"f","input":{"x":1e400}}]}]}';
    const { body } = fitMessages(Buffer.from(text));
    expect(body.toString().replace(/"a_b_[0-9a-f]{8}"/, '"a.b"')).toBe(text);
  });
});
