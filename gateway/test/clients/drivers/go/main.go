// Runs published Go clients for the tests. ../../driver.ts says what it reads and writes.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	ollama "github.com/ollama/ollama/api"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
	"google.golang.org/genai"
)

// asked is one line that the driver reads.
type asked struct {
	ID     int    `json:"id"`
	Client string `json:"client"`
	URL    string `json:"url"`
	Key    string `json:"key"`
	List   bool   `json:"list"`
	Leave  bool   `json:"leave"`
}

// run is one run of a client: where it asks, and what it tells of the answer.
type run struct {
	asked
	ctx context.Context
}

var writing sync.Mutex

func write(line map[string]any) {
	text, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	writing.Lock()
	defer writing.Unlock()
	fmt.Println(string(text))
}

func (r run) tell(what string, value any) { write(map[string]any{"id": r.ID, what: value}) }
func (r run) seen(raw string) {
	if json.Valid([]byte(raw)) {
		r.tell("seen", json.RawMessage(raw))
	}
}
func (r run) piece() { r.tell("piece", true) }

var schema = map[string]any{
	"type":                 "object",
	"properties":           map[string]any{"on": map[string]any{"type": "boolean"}},
	"required":             []string{"on"},
	"additionalProperties": false,
}

func (r run) openai() openai.Client {
	return openai.NewClient(option.WithBaseURL(r.URL+"/v1"), option.WithAPIKey(r.Key))
}

func openaiChat(r run, tools []openai.ChatCompletionToolUnionParam) (string, error) {
	client := r.openai()
	stream := client.Chat.Completions.NewStreaming(r.ctx, openai.ChatCompletionNewParams{
		Model:    "m",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("hello")},
		Tools:    tools,
	})
	text, call := "", ""
	for stream.Next() {
		chunk := stream.Current()
		r.seen(chunk.RawJSON())
		if len(chunk.Choices) == 0 {
			continue
		}
		delta := chunk.Choices[0].Delta
		text += delta.Content
		for _, one := range delta.ToolCalls {
			if one.Function.Name != "" {
				call += one.Function.Name + " "
			}
			call += one.Function.Arguments
		}
		if text+call != "" {
			r.piece()
		}
	}
	return text + call, stream.Err()
}

func openaiText(r run) (string, error) { return openaiChat(r, nil) }

func openaiTools(r run) (string, error) {
	light := openai.FunctionDefinitionParam{Name: "light", Parameters: schema}
	return openaiChat(r, []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(light)})
}

func openaiResponses(r run) (string, error) {
	client := r.openai()
	stream := client.Responses.NewStreaming(r.ctx, responses.ResponseNewParams{
		Model: "m",
		Input: responses.ResponseNewParamsInputUnion{OfString: openai.String("hello")},
	})
	text := ""
	for stream.Next() {
		event := stream.Current()
		r.seen(event.RawJSON())
		if event.Type == "response.output_text.delta" {
			text += event.Delta
			r.piece()
		}
		// Such an event is no error to the client itself.
		if event.Type == "error" || event.Type == "response.failed" {
			return text, errors.New(event.RawJSON())
		}
	}
	return text, stream.Err()
}

func openaiList(r run) (ids []string, err error) {
	client := r.openai()
	models := client.Models.ListAutoPaging(r.ctx)
	for models.Next() {
		ids = append(ids, models.Current().ID)
	}
	return ids, models.Err()
}

func (r run) anthropic() anthropic.Client {
	return anthropic.NewClient(anthropicoption.WithBaseURL(r.URL), anthropicoption.WithAPIKey(r.Key))
}

func anthropicMessages(r run, tools []anthropic.ToolUnionParam) (string, error) {
	client := r.anthropic()
	stream := client.Messages.NewStreaming(r.ctx, anthropic.MessageNewParams{
		Model:     "m",
		MaxTokens: 50,
		Messages:  []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("hello"))},
		Tools:     tools,
	})
	message := anthropic.Message{}
	for stream.Next() {
		event := stream.Current()
		r.seen(event.RawJSON())
		if err := message.Accumulate(event); err != nil {
			return "", err
		}
		if event.Type == "content_block_delta" {
			r.piece()
		}
	}
	if err := stream.Err(); err != nil {
		return "", err
	}
	block := message.Content[0]
	if block.Type == "tool_use" {
		return block.Name + " " + string(block.Input), nil
	}
	return block.Text, nil
}

func anthropicText(r run) (string, error) { return anthropicMessages(r, nil) }

func anthropicTools(r run) (string, error) {
	input := anthropic.ToolInputSchemaParam{Properties: schema["properties"], Required: []string{"on"}}
	return anthropicMessages(r, []anthropic.ToolUnionParam{anthropic.ToolUnionParamOfTool(input, "light")})
}

func anthropicList(r run) (ids []string, err error) {
	client := r.anthropic()
	models := client.Models.ListAutoPaging(r.ctx, anthropic.ModelListParams{})
	for models.Next() {
		ids = append(ids, models.Current().ID)
	}
	return ids, models.Err()
}

func (r run) gemini() (*genai.Client, error) {
	return genai.NewClient(r.ctx, &genai.ClientConfig{
		APIKey:      r.Key,
		Backend:     genai.BackendGeminiAPI,
		HTTPOptions: genai.HTTPOptions{BaseURL: r.URL},
	})
}

func gemini(r run, config *genai.GenerateContentConfig) (string, error) {
	client, err := r.gemini()
	if err != nil {
		return "", err
	}
	text := ""
	for chunk, err := range client.Models.GenerateContentStream(r.ctx, "m", genai.Text("hello"), config) {
		if err != nil {
			return text, err
		}
		for _, call := range chunk.FunctionCalls() {
			arguments, _ := json.Marshal(call.Args)
			text += call.Name + " " + string(arguments)
		}
		text += chunk.Text()
		if text != "" {
			r.piece()
		}
	}
	return text, r.ctx.Err()
}

func geminiText(r run) (string, error) { return gemini(r, nil) }

func geminiTools(r run) (string, error) {
	light := &genai.FunctionDeclaration{Name: "light", ParametersJsonSchema: schema}
	tools := []*genai.Tool{{FunctionDeclarations: []*genai.FunctionDeclaration{light}}}
	return gemini(r, &genai.GenerateContentConfig{Tools: tools})
}

func geminiList(r run) (ids []string, err error) {
	client, err := r.gemini()
	if err != nil {
		return nil, err
	}
	for model, err := range client.Models.All(r.ctx) {
		if err != nil {
			return nil, err
		}
		ids = append(ids, strings.TrimPrefix(model.Name, "models/"))
	}
	return ids, nil
}

// withKey sends the key with each request: Ollama's client has no setting for that.
type withKey string

func (key withKey) RoundTrip(request *http.Request) (*http.Response, error) {
	request.Header.Set("Authorization", "Bearer "+string(key))
	return http.DefaultTransport.RoundTrip(request)
}

func (r run) ollama() (*ollama.Client, error) {
	base, err := url.Parse(r.URL)
	if err != nil {
		return nil, err
	}
	return ollama.NewClient(base, &http.Client{Transport: withKey(r.Key)}), nil
}

func ollamaChat(r run, tools ollama.Tools) (string, error) {
	client, err := r.ollama()
	if err != nil {
		return "", err
	}
	text := ""
	asked := &ollama.ChatRequest{
		Model:    "m",
		Messages: []ollama.Message{{Role: "user", Content: "hello"}},
		Tools:    tools,
	}
	err = client.Chat(r.ctx, asked, func(part ollama.ChatResponse) error {
		for _, call := range part.Message.ToolCalls {
			text += call.Function.Name + " " + call.Function.Arguments.String()
		}
		text += part.Message.Content
		if text != "" {
			r.piece()
		}
		return nil
	})
	// It ends quietly where its own context was cancelled.
	return text, errors.Join(err, r.ctx.Err())
}

func ollamaText(r run) (string, error) { return ollamaChat(r, nil) }

func ollamaTools(r run) (string, error) {
	function, _ := json.Marshal(map[string]any{
		"type":     "function",
		"function": map[string]any{"name": "light", "parameters": schema},
	})
	light := ollama.Tool{}
	if err := json.Unmarshal(function, &light); err != nil {
		return "", err
	}
	return ollamaChat(r, ollama.Tools{light})
}

func ollamaList(r run) (ids []string, err error) {
	client, err := r.ollama()
	if err != nil {
		return nil, err
	}
	list, err := client.List(r.ctx)
	if err != nil {
		return nil, err
	}
	for _, model := range list.Models {
		ids = append(ids, model.Model)
	}
	return ids, nil
}

var clients = map[string]func(run) (string, error){
	"openai-chat":       openaiText,
	"openai-chat-tools": openaiTools,
	"openai-responses":  openaiResponses,
	"anthropic":         anthropicText,
	"anthropic-tools":   anthropicTools,
	"gemini":            geminiText,
	"gemini-tools":      geminiTools,
	"ollama":            ollamaText,
	"ollama-tools":      ollamaTools,
}

var lists = map[string]func(run) ([]string, error){
	"openai-chat": openaiList,
	"anthropic":   anthropicList,
	"gemini":      geminiList,
	"ollama":      ollamaList,
}

func answer(r run) {
	var told any
	var err error
	what := "text"
	if r.List {
		what = "models"
		told, err = lists[r.Client](r)
	} else {
		told, err = clients[r.Client](r)
	}
	if err != nil {
		// openai-go leaves the message out of Error().
		details := ""
		var refused *openai.Error
		if errors.As(err, &refused) {
			details = refused.Message
		}
		r.tell("error", fmt.Sprintf("%v %s", err, details))
		return
	}
	r.tell(what, told)
}

func versions() (list []string) {
	wanted := []string{
		"github.com/openai/openai-go/v3", "github.com/anthropics/anthropic-sdk-go",
		"google.golang.org/genai", "github.com/ollama/ollama",
	}
	info, _ := debug.ReadBuildInfo()
	for _, name := range wanted {
		for _, module := range info.Deps {
			if module.Path == name {
				list = append(list, name+" "+strings.TrimPrefix(module.Version, "v"))
			}
		}
	}
	return list
}

func main() {
	write(map[string]any{"versions": versions()})
	leave := map[int]context.CancelFunc{}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		one := asked{}
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			panic(err)
		}
		if one.Leave {
			leave[one.ID]()
			continue
		}
		ctx, cancel := context.WithCancel(context.Background())
		leave[one.ID] = cancel
		go answer(run{one, ctx})
	}
}
