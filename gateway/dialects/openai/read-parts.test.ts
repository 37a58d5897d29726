import { describe, expect, it } from "vitest";
import { readMessages } from "../anthropic/read-messages.ts";
import type { HubRequest } from "../hub/hub.ts";
import { readChat } from "../openai-chat/read-chat.ts";
import { readResponses } from "../openai-responses/read-responses.ts";

const url = "data:image/png;base64,aGk=";
const source = { type: "base64", media_type: "image/png", data: "aGk=" };

const readers: readonly [string, (content: object[]) => HubRequest][] = [
  ["chat", (content) => readChat({ messages: [{ role: "user", content }] })],
  ["Responses", (content) => readResponses({ input: [{ role: "user", content }] })],
  ["Messages", (content) => readMessages({ messages: [{ role: "user", content }] })],
];

describe.each(readers)("a part of another API in %s", (_, read) => {
  it.each<[string, object]>([
    ["chat", { type: "image_url", image_url: { url, detail: "auto" } }],
    ["chat, as clients shorten it", { type: "image_url", image_url: url }],
    ["Responses", { type: "input_image", image_url: url, detail: "auto" }],
    ["Responses, as chat has it", { type: "input_image", image_url: { url } }],
    ["Messages", { type: "image", source }],
  ])("is an image too: %s", (_form, part) => {
    const { options, dropped } = read([{ type: "text", text: "look" }, part]);
    expect(dropped).toEqual([]);
    expect(options.prompt.at(-1)?.content).toEqual([
      { type: "text", text: "look" },
      { type: "file", mediaType: "image/png", data: { type: "data", data: "aGk=" } },
    ]);
  });

  it("is a text, a file or a sound too", () => {
    const { options, dropped } = read([
      { type: "input_text", text: "read" },
      { type: "file", file: { filename: "a.pdf", file_data: "aGk=" } },
      { type: "input_file", filename: "a.pdf", file_data: "aGk=" },
      { type: "input_audio", input_audio: { format: "wav", data: "aGk=" } },
    ]);
    const pdf = { type: "file", mediaType: "application/pdf", filename: "a.pdf" };
    expect(dropped).toEqual([]);
    expect(options.prompt.at(-1)?.content).toMatchObject([
      { type: "text", text: "read" },
      pdf,
      pdf,
      { type: "file", mediaType: "audio/wav" },
    ]);
  });

  it("is named if no API has it", () => {
    const { dropped } = read([
      { type: "text", text: "a" },
      { type: "hologram", hologram: "b" },
    ]);
    expect(dropped).toEqual([expect.stringMatching(/\[0\]\.content\[1\]$/)]);
  });
});
