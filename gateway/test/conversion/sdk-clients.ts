import { messagesClient } from "./sdk-anthropic.ts";
import type { SdkClient } from "./sdk-client.ts";
import { geminiClient } from "./sdk-gemini.ts";
import { chatClient, responsesClient } from "./sdk-openai.ts";

export const sdkClients: readonly SdkClient[] = [
  chatClient,
  responsesClient,
  messagesClient,
  geminiClient,
];
