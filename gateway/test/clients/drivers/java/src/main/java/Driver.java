import com.anthropic.client.AnthropicClientAsync;
import com.anthropic.client.okhttp.AnthropicOkHttpClientAsync;
import com.anthropic.core.JsonValue;
import com.anthropic.helpers.MessageAccumulator;
import com.anthropic.models.messages.MessageCreateParams;
import com.anthropic.models.messages.Tool;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.openai.client.OpenAIClientAsync;
import com.openai.client.okhttp.OpenAIOkHttpClientAsync;
import com.openai.core.ObjectMappers;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.FunctionDefinition;
import com.openai.models.FunctionParameters;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.responses.ResponseCreateParams;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** Runs published Java clients for the tests. ../../../../../driver.ts says what it reads and writes. */
public final class Driver {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Map<Integer, Run> RUNNING = new ConcurrentHashMap<>();

    private static synchronized void write(Map<String, ?> line) {
        System.out.println(JSON.valueToTree(line).toString());
    }

    /** One run of a client: where it asks, and what it tells of the answer. */
    private static final class Run implements Runnable {
        private final JsonNode asked;
        private final int id;
        private volatile boolean left;

        Run(JsonNode asked) {
            this.asked = asked;
            this.id = asked.get("id").asInt();
        }

        void tell(String what, Object value) {
            write(Map.of("id", id, what, value));
        }

        /** The client gives up at the next event. */
        void leave() {
            left = true;
        }

        OpenAIClientAsync openai() {
            return OpenAIOkHttpClientAsync.builder()
                    .baseUrl(asked.get("url").asText() + "/v1")
                    .apiKey(asked.get("key").asText())
                    .build();
        }

        AnthropicClientAsync anthropic() {
            return AnthropicOkHttpClientAsync.builder()
                    .baseUrl(asked.get("url").asText())
                    .apiKey(asked.get("key").asText())
                    .build();
        }

        /** Takes each event until the stream ends, fails or is closed. */
        private <T> void take(com.openai.core.http.AsyncStreamResponse<T> events, Consumer<T> onEvent)
                throws Exception {
            // Another thread's close() waits for the stream's reader: it is closed between two events.
            events.subscribe(event -> {
                if (left) events.close();
                else onEvent.accept(event);
            });
            events.onCompleteFuture().get();
        }

        private <T> void take(
                com.anthropic.core.http.AsyncStreamResponse<T> events, Consumer<T> onEvent) throws Exception {
            // Another thread's close() waits for the stream's reader: it is closed between two events.
            events.subscribe(event -> {
                if (left) events.close();
                else onEvent.accept(event);
            });
            events.onCompleteFuture().get();
        }

        String openaiChat(boolean withTools) throws Exception {
            var params = ChatCompletionCreateParams.builder().model("m").addUserMessage("hello");
            if (withTools) {
                params.addFunctionTool(FunctionDefinition.builder()
                        .name("light")
                        .parameters(FunctionParameters.builder()
                                .putAdditionalProperty("type", com.openai.core.JsonValue.from("object"))
                                .putAdditionalProperty("properties", com.openai.core.JsonValue.from(
                                        Map.of("on", Map.of("type", "boolean"))))
                                .putAdditionalProperty("required", com.openai.core.JsonValue.from(List.of("on")))
                                .build())
                        .build());
            }
            var whole = ChatCompletionAccumulator.create();
            take(openai().chat().completions().createStreaming(params.build()), chunk -> {
                tell("seen", ObjectMappers.jsonMapper().valueToTree(chunk));
                whole.accumulate(chunk);
                var delta = chunk.choices().get(0).delta();
                if (delta.content().isPresent() || delta.toolCalls().isPresent()) tell("piece", true);
            });
            if (left) throw new Exception("The client gave up.");
            var message = whole.chatCompletion().choices().get(0).message();
            var calls = message.toolCalls().orElse(List.of());
            if (calls.isEmpty()) return message.content().orElse("");
            var call = calls.get(0).asFunction().function();
            return call.name() + " " + call.arguments();
        }

        String openaiResponses() throws Exception {
            var params = ResponseCreateParams.builder().model("m").input("hello").build();
            var text = new StringBuilder();
            // Such an event is no error to the client itself.
            var failure = new StringBuilder();
            take(openai().responses().createStreaming(params), event -> {
                tell("seen", ObjectMappers.jsonMapper().valueToTree(event));
                event.outputTextDelta().ifPresent(delta -> {
                    text.append(delta.delta());
                    tell("piece", true);
                });
                event.failed().ifPresent(failure::append);
                event.error().ifPresent(failure::append);
            });
            if (failure.length() > 0) throw new Exception(failure.toString());
            return text.toString();
        }

        String anthropicMessages(boolean withTools) throws Exception {
            var params = MessageCreateParams.builder().model("m").maxTokens(50).addUserMessage("hello");
            if (withTools) {
                params.addTool(Tool.builder()
                        .name("light")
                        .inputSchema(Tool.InputSchema.builder()
                                .properties(JsonValue.from(Map.of("on", Map.of("type", "boolean"))))
                                .build())
                        .build());
            }
            var whole = MessageAccumulator.create();
            take(anthropic().messages().createStreaming(params.build()), event -> {
                whole.accumulate(event);
                if (event.isContentBlockDelta()) tell("piece", true);
            });
            if (left) throw new Exception("The client gave up.");
            var block = whole.message().content().get(0);
            if (!block.isToolUse()) return block.asText().text();
            var input = block.asToolUse()._input().convert(Object.class);
            return block.asToolUse().name() + " " + JSON.writeValueAsString(input);
        }

        List<String> list() throws Exception {
            var ids = Collections.synchronizedList(new ArrayList<String>());
            if (asked.get("client").asText().equals("anthropic")) {
                take(anthropic().models().list().get().autoPager(), model -> ids.add(model.id()));
            } else {
                take(openai().models().list().get().autoPager(), model -> ids.add(model.id()));
            }
            return ids;
        }

        Object answer() throws Exception {
            switch (asked.get("client").asText()) {
                case "openai-chat": return openaiChat(false);
                case "openai-chat-tools": return openaiChat(true);
                case "openai-responses": return openaiResponses();
                case "anthropic": return anthropicMessages(false);
                default: return anthropicMessages(true);
            }
        }

        @Override
        public void run() {
            try {
                if (asked.path("list").asBoolean()) tell("models", list());
                else {
                    Object text = answer();
                    if (left) throw new Exception("The client gave up.");
                    tell("text", text);
                }
            } catch (Exception error) {
                tell("error", error.toString());
            }
        }
    }

    /** Loads the clients' classes, which takes a slow machine seconds; nobody listens at this port. */
    private static void warmUp() {
        for (String client : List.of("openai-chat-tools", "openai-responses", "anthropic-tools")) {
            var run = new Run(JSON.valueToTree(
                    Map.of("id", 0, "client", client, "url", "http://127.0.0.1:9", "key", "none")));
            try {
                run.answer();
            } catch (Exception expected) {
                // It is refused.
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        warmUp();
        write(Map.of("versions", List.of("openai-java 4.101.0", "anthropic-java 3.14.0")));
        var lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            JsonNode asked = JSON.readTree(line);
            if (asked.path("leave").asBoolean()) {
                RUNNING.get(asked.get("id").asInt()).leave();
                continue;
            }
            var run = new Run(asked);
            RUNNING.put(run.id, run);
            var thread = new Thread(run);
            thread.setDaemon(true);
            thread.start();
        }
    }
}
