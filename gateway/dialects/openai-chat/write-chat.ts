import type { LanguageModelV4Source, LanguageModelV4StreamPart } from "@ai-sdk/provider";
import { blocksOf } from "../hub/answer-blocks.ts";
import { eventJson } from "../hub/answer-event.ts";
import { type AnsweredImage, imageIn } from "../hub/answer-images.ts";
import { chatReason } from "../hub/answer-stop.ts";
import { chatUsage } from "../hub/answer-usage.ts";
import type { AnswerNames, StreamWriter, WriteWhole } from "../hub/hub.ts";
import { CallDeltas, callFields } from "./call-deltas.ts";

type Fields = Record<string, unknown>;
type Finish = Extract<LanguageModelV4StreamPart, { type: "finish" }>;

/** A source as OpenAI tells it. Where in the text it belongs is not known. */
function annotationOf(source: LanguageModelV4Source): Fields | null {
  if (source.sourceType !== "url") return null;
  const { url, title = url } = source;
  return { type: "url_citation", url_citation: { start_index: 0, end_index: 0, url, title } };
}

/** An image as OpenRouter has it in a message of the model's. */
function imageFields({ url }: AnsweredImage): Fields {
  return { type: "image_url", image_url: { url } };
}

/** The chunks of one stream. What they have in common is written once. */
function createChunks(names: AnswerNames): {
  delta(delta: Fields, finishReason?: string): string;
  usage(usage: Fields): string;
} {
  const { id, created, model } = names;
  const head = eventJson({ id, object: "chat.completion.chunk", created, model }).slice(0, -1);
  return {
    delta(delta, finishReason) {
      const reason = finishReason === undefined ? "null" : `"${finishReason}"`;
      const choice = `{"index":0,"delta":${eventJson(delta)},"finish_reason":${reason}}`;
      return `data: ${head},"choices":[${choice}]}\n\n`;
    },
    usage(usage) {
      return `data: ${head},"choices":[],"usage":${eventJson(usage)}}\n\n`;
    },
  };
}

/** Writes a stream of OpenAI's chat completions, the usage chunk always among it. */
export function createChatWriter(names: AnswerNames): StreamWriter {
  const chunks = createChunks(names);
  const calls = new CallDeltas(names.clientTools);
  const annotations: Fields[] = [];
  let isBegun = false;

  function chunk(delta: Fields): string {
    if (isBegun) return chunks.delta(delta);
    isBegun = true;
    return chunks.delta({ role: "assistant", content: "" }) + chunks.delta(delta);
  }

  function call(delta: Fields | null): string {
    return delta === null ? "" : chunk({ tool_calls: [delta] });
  }

  function finish({ finishReason: reason, usage }: Finish): string {
    let out = calls.rest().map(call).join("");
    if (annotations.length > 0) out += chunk({ annotations });
    if (!isBegun) out += chunks.delta({ role: "assistant", content: "" });
    out += chunks.delta({}, chatReason({ reason, calls: calls.any }));
    const counts = chatUsage(usage);
    return `${out}${counts === null ? "" : chunks.usage(counts)}data: [DONE]\n\n`;
  }

  return {
    write(part) {
      switch (part.type) {
        case "text-delta":
          return part.delta === "" ? "" : chunk({ content: part.delta });
        case "reasoning-delta":
          return part.delta === "" ? "" : chunk({ reasoning_content: part.delta });
        case "tool-input-start":
          return part.providerExecuted ? "" : call(calls.begin(part));
        case "tool-input-delta":
          return call(calls.say(part.id, part.delta));
        case "tool-call": {
          return part.providerExecuted ? "" : call(calls.whole(part));
        }
        case "source": {
          const annotation = annotationOf(part);
          if (annotation !== null) annotations.push(annotation);
          return "";
        }
        case "file": {
          const image = imageIn(part);
          return image === null ? "" : chunk({ images: [imageFields(image)] });
        }
        case "finish":
          return finish(part);
        default:
          return "";
      }
    },
  };
}

/** An answer as one `chat.completion`. */
export const writeChat: WriteWhole = ({ content, finishReason: reason, usage }, names) => {
  const blocks = blocksOf(content);
  const textOf = (kind: "text" | "reasoning"): string =>
    blocks.map((block) => (block.kind === kind ? block.text : "")).join("");
  const calls = blocks
    .filter(({ kind }) => kind === "tool")
    .map((block) => callFields(block, names.clientTools));
  const annotations = content
    .map((part) => (part.type === "source" ? annotationOf(part) : null))
    .filter((annotation) => annotation !== null);
  const images = content
    .map(imageIn)
    .filter((image) => image !== null)
    .map(imageFields);
  const [said, thought] = [textOf("text"), textOf("reasoning")];
  const message: Fields = {
    role: "assistant",
    content: said === "" && calls.length > 0 ? null : said,
    refusal: null,
    ...(thought === "" ? {} : { reasoning_content: thought }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    ...(images.length === 0 ? {} : { images }),
    ...(annotations.length === 0 ? {} : { annotations }),
  };
  const counts = chatUsage(usage);
  return {
    id: names.id,
    object: "chat.completion",
    created: names.created,
    model: names.model,
    choices: [
      {
        index: 0,
        message,
        logprobs: null,
        finish_reason: chatReason({ reason, calls: calls.length > 0 }),
      },
    ],
    ...(counts === null ? {} : { usage: counts }),
  };
};
