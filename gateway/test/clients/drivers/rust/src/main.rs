//! Runs a published Rust client for the tests. ../../../driver.ts says what it reads and writes.

use std::collections::HashMap;
use std::error::Error;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::types::responses::ResponseStreamEvent;
use futures::StreamExt;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

type Answer<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// One run of a client: where it asks, and what it tells of the answer.
struct Run {
    id: u64,
    client: Client<OpenAIConfig>,
}

fn write(line: Value) {
    println!("{line}");
}

impl Run {
    fn new(asked: &Value) -> Run {
        let config = OpenAIConfig::new()
            .with_api_base(format!("{}/v1", asked["url"].as_str().unwrap_or_default()))
            .with_api_key(asked["key"].as_str().unwrap_or_default());
        let id = asked["id"].as_u64().unwrap_or_default();
        Run { id, client: Client::with_config(config) }
    }

    fn piece(&self) {
        write(json!({"id": self.id, "piece": true}));
    }

    async fn chat(&self, more: Value) -> Answer<String> {
        let mut request = json!({
            "model": "m",
            "messages": [{"role": "user", "content": "hello"}],
        });
        if let (Some(request), Some(more)) = (request.as_object_mut(), more.as_object()) {
            request.extend(more.clone());
        }
        let request = serde_json::from_value(request)?;
        let mut stream = self.client.chat().create_stream(request).await?;
        let mut text = String::new();
        while let Some(chunk) = stream.next().await {
            for choice in chunk?.choices {
                text += choice.delta.content.as_deref().unwrap_or_default();
                for call in choice.delta.tool_calls.unwrap_or_default() {
                    let function = call.function.unwrap_or_default();
                    if let Some(name) = function.name {
                        text += &format!("{name} ");
                    }
                    text += &function.arguments.unwrap_or_default();
                }
                if !text.is_empty() {
                    self.piece();
                }
            }
        }
        Ok(text)
    }

    async fn responses(&self) -> Answer<String> {
        let request = serde_json::from_value(json!({"model": "m", "input": "hello"}))?;
        let mut stream = self.client.responses().create_stream(request).await?;
        let mut text = String::new();
        while let Some(event) = stream.next().await {
            match event? {
                ResponseStreamEvent::ResponseOutputTextDelta(event) => {
                    text += &event.delta;
                    self.piece();
                }
                // Such an event is no error to the client itself.
                ResponseStreamEvent::ResponseFailed(event) => {
                    return Err(serde_json::to_string(&event)?.into());
                }
                ResponseStreamEvent::ResponseError(event) => return Err(event.message.into()),
                _ => {}
            }
        }
        Ok(text)
    }

    async fn list(&self) -> Answer<Vec<String>> {
        let models = self.client.models().list().await?;
        Ok(models.data.into_iter().map(|model| model.id).collect())
    }
}

async fn answer(asked: Value) {
    let run = Run::new(&asked);
    let tools = json!({"tools": [{"type": "function", "function": {
        "name": "light",
        "parameters": {
            "type": "object",
            "properties": {"on": {"type": "boolean"}},
            "required": ["on"],
            "additionalProperties": false,
        },
    }}]});
    let (what, told) = if asked["list"] == true {
        ("models", run.list().await.map(|ids| json!(ids)))
    } else {
        let text = match asked["client"].as_str() {
            Some("openai-chat") => run.chat(json!({})).await,
            Some("openai-chat-tools") => run.chat(tools).await,
            _ => run.responses().await,
        };
        ("text", text.map(Value::from))
    };
    match told {
        Ok(told) => write(json!({"id": run.id, what: told})),
        Err(error) => write(json!({"id": run.id, "error": format!("{error} {error:?}")})),
    }
}

#[tokio::main]
async fn main() {
    write(json!({"versions": ["async-openai 0.43.0"]}));
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut running = HashMap::new();
    while let Ok(Some(line)) = lines.next_line().await {
        let asked: Value = serde_json::from_str(&line).unwrap_or_default();
        let id = asked["id"].as_u64().unwrap_or_default();
        if asked["leave"] == true {
            // The client gives up when what awaits it is dropped.
            if let Some(task) = running.remove(&id) {
                let task: tokio::task::JoinHandle<()> = task;
                task.abort();
                write(json!({"id": id, "error": "The client gave up."}));
            }
        } else {
            running.insert(id, tokio::spawn(answer(asked)));
        }
    }
}
