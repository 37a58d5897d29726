"""Runs published Python clients for the tests. ../../driver.ts says what it reads and writes."""

import asyncio
import json
import os
import sys
import warnings
from importlib import import_module
from importlib.metadata import version

warnings.simplefilter("ignore")
os.environ.update(LITELLM_LOCAL_MODEL_COST_MAP="True")

# Some clients print; the lines for the tests stay alone on standard output.
lines = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)

# Each package, and the module that takes its time to load: before the first test.
PACKAGES = {
    "openai": "openai",
    "anthropic": "anthropic",
    "google-genai": "google.genai",
    "ollama": "ollama",
    "litellm": "litellm",
    "langchain-openai": "langchain_openai",
    "langchain-ollama": "langchain_ollama",
    "llama-index-llms-ollama": "llama_index.llms.ollama",
}
SCHEMA = {
    "type": "object",
    "properties": {"on": {"type": "boolean"}},
    "required": ["on"],
    "additionalProperties": False,
}
MESSAGES = [{"role": "user", "content": "hello"}]
FUNCTION = {"name": "light", "description": "Switches the light.", "parameters": SCHEMA}
TOOLS = [{"type": "function", "function": FUNCTION}]


def compact(arguments):
    """The arguments of a call as the tests write them."""
    if isinstance(arguments, str):
        arguments = json.loads(arguments)
    return json.dumps(dict(arguments), separators=(",", ":"))


class Asked:
    """One run of a client: where it asks, and what it tells of the answer."""

    def __init__(self, asked, tell):
        self.url, self.key, self.tell = asked["url"], asked["key"], tell

    def seen(self, value):
        """An object that the client's iterator gave."""
        self.tell(seen=value.model_dump(mode="json") if hasattr(value, "model_dump") else {})

    def piece(self):
        self.tell(piece=True)


def openai_client(asked):
    from openai import AsyncOpenAI

    return AsyncOpenAI(base_url=f"{asked.url}/v1", api_key=asked.key)


async def openai_chat(asked):
    stream = await openai_client(asked).chat.completions.create(
        model="m", messages=MESSAGES, stream=True
    )
    text = ""
    async for chunk in stream:
        asked.seen(chunk)
        piece = chunk.choices[0].delta.content if chunk.choices else None
        if piece:
            text += piece
            asked.piece()
    return text


async def openai_chat_tools(asked):
    stream = openai_client(asked).chat.completions.stream(
        model="m", messages=MESSAGES, tools=TOOLS
    )
    async with stream as events:
        async for event in events:
            if event.type == "chunk":
                asked.seen(event.chunk)
            if event.type == "chunk" and event.chunk.choices[0].delta.tool_calls:
                asked.piece()
        whole = await events.get_final_completion()
    call = whole.choices[0].message.tool_calls[0].function
    return f"{call.name} {compact(call.arguments)}"


async def openai_completions(asked):
    stream = await openai_client(asked).completions.create(model="m", prompt="hello", stream=True)
    text = ""
    async for chunk in stream:
        asked.seen(chunk)
        if chunk.choices and chunk.choices[0].text:
            text += chunk.choices[0].text
            asked.piece()
    return text


async def openai_responses(asked):
    async with openai_client(asked).responses.stream(model="m", input="hello") as stream:
        async for event in stream:
            asked.seen(event)
            if event.type == "response.output_text.delta":
                asked.piece()
        return (await stream.get_final_response()).output_text


async def openai_list(asked):
    return [model.id async for model in openai_client(asked).models.list()]


def anthropic_client(asked):
    from anthropic import AsyncAnthropic

    return AsyncAnthropic(base_url=asked.url, api_key=asked.key)


async def anthropic_stream(asked):
    stream = await anthropic_client(asked).messages.create(
        model="m", max_tokens=50, messages=MESSAGES, stream=True
    )
    text = ""
    async for event in stream:
        asked.seen(event)
        if event.type == "content_block_delta":
            text += event.delta.text
            asked.piece()
    return text


async def anthropic_tools(asked):
    tools = [{"name": "light", "input_schema": SCHEMA}]
    async with anthropic_client(asked).messages.stream(
        model="m", max_tokens=50, messages=MESSAGES, tools=tools
    ) as stream:
        async for event in stream:
            asked.seen(event)
            if event.type == "input_json":
                asked.piece()
        [call] = (await stream.get_final_message()).content
    return f"{call.name} {compact(call.input)}"


async def anthropic_list(asked):
    return [model.id async for model in anthropic_client(asked).models.list()]


def gemini_client(asked):
    from google import genai

    return genai.Client(api_key=asked.key, http_options={"base_url": asked.url})


async def gemini(asked, **config):
    stream = await gemini_client(asked).aio.models.generate_content_stream(
        model="m", contents="hello", config=config
    )
    text = ""
    async for chunk in stream:
        asked.seen(chunk)
        if chunk.function_calls:
            call = chunk.function_calls[0]
            text = f"{call.name} {compact(call.args)}"
        elif chunk.text:
            text += chunk.text
        if text:
            asked.piece()
    return text


async def gemini_tools(asked):
    declaration = {"name": "light", "parameters_json_schema": SCHEMA}
    return await gemini(
        asked,
        tools=[{"function_declarations": [declaration]}],
        automatic_function_calling={"disable": True},
    )


async def gemini_list(asked):
    models = await gemini_client(asked).aio.models.list()
    return [model.name.removeprefix("models/") async for model in models]


def litellm_with(model, path="", tools=None):
    async def run(asked):
        import litellm

        stream = await litellm.acompletion(
            model=model,
            api_base=asked.url + path,
            api_key=asked.key,
            messages=MESSAGES,
            stream=True,
            tools=tools,
            max_tokens=50,
        )
        text, call = "", ["", ""]
        async for chunk in stream:
            asked.seen(chunk)
            delta = chunk.choices[0].delta
            for one in delta.tool_calls or []:
                call[0] += one.function.name or ""
                call[1] += one.function.arguments or ""
            text += delta.content or ""
            if text or call[0]:
                asked.piece()
        return f"{call[0]} {compact(call[1])}" if call[0] else text

    return run


async def streamed_by_langchain(asked, model):
    text, whole = "", None
    async for chunk in model.astream("hello"):
        asked.seen(chunk)
        whole = chunk if whole is None else whole + chunk
        text += chunk.text
        if chunk.text or chunk.tool_call_chunks:
            asked.piece()
    if whole is not None and whole.tool_calls:
        [call] = whole.tool_calls
        return f"{call['name']} {compact(call['args'])}"
    return text


def chat_openai(asked, **more):
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(model="m", base_url=f"{asked.url}/v1", api_key=asked.key, **more)


def chat_ollama(asked):
    from langchain_ollama import ChatOllama

    headers = {"Authorization": f"Bearer {asked.key}"}
    return ChatOllama(model="m", base_url=asked.url, client_kwargs={"headers": headers})


async def langchain_chat(asked):
    return await streamed_by_langchain(asked, chat_openai(asked))


async def langchain_chat_tools(asked):
    return await streamed_by_langchain(asked, chat_openai(asked).bind_tools(TOOLS))


async def langchain_responses(asked):
    return await streamed_by_langchain(asked, chat_openai(asked, use_responses_api=True))


async def langchain_ollama(asked):
    return await streamed_by_langchain(asked, chat_ollama(asked))


async def langchain_ollama_tools(asked):
    return await streamed_by_langchain(asked, chat_ollama(asked).bind_tools(TOOLS))


def ollama_client(asked):
    from ollama import AsyncClient

    return AsyncClient(host=asked.url, headers={"Authorization": f"Bearer {asked.key}"})


async def ollama(asked, tools=None):
    stream = await ollama_client(asked).chat(
        model="m", messages=MESSAGES, tools=tools, stream=True
    )
    text = ""
    async for part in stream:
        asked.seen(part)
        if part.message.tool_calls:
            call = part.message.tool_calls[0].function
            text = f"{call.name} {compact(call.arguments)}"
        text += part.message.content or ""
        if text:
            asked.piece()
    return text


async def ollama_tools(asked):
    return await ollama(asked, TOOLS)


async def ollama_list(asked):
    return [model.model for model in (await ollama_client(asked).list()).models]


async def llama_index(asked):
    import ollama as package
    from llama_index.core.llms import ChatMessage
    from llama_index.llms.ollama import Ollama

    headers = {"Authorization": f"Bearer {asked.key}"}
    model = Ollama(
        model="m",
        base_url=asked.url,
        context_window=4096,
        client=package.Client(host=asked.url, headers=headers),
        async_client=package.AsyncClient(host=asked.url, headers=headers),
    )
    text = ""
    async for part in await model.astream_chat([ChatMessage(role="user", content="hello")]):
        asked.seen(part)
        if part.delta:
            text += part.delta
            asked.piece()
    return text


CLIENTS = {
    "openai-chat": openai_chat,
    "openai-chat-tools": openai_chat_tools,
    "openai-completions": openai_completions,
    "openai-responses": openai_responses,
    "anthropic": anthropic_stream,
    "anthropic-tools": anthropic_tools,
    "gemini": gemini,
    "gemini-tools": gemini_tools,
    "litellm-openai": litellm_with("openai/m", "/v1"),
    "litellm-openai-tools": litellm_with("openai/m", "/v1", TOOLS),
    "litellm-anthropic": litellm_with("anthropic/m"),
    "litellm-gemini": litellm_with("gemini/m", "/v1beta"),
    "litellm-ollama": litellm_with("ollama_chat/m"),
    "langchain-chat": langchain_chat,
    "langchain-chat-tools": langchain_chat_tools,
    "langchain-responses": langchain_responses,
    "langchain-ollama": langchain_ollama,
    "langchain-ollama-tools": langchain_ollama_tools,
    "ollama": ollama,
    "ollama-tools": ollama_tools,
    "llama-index": llama_index,
}
LISTS = {
    "openai-chat": openai_list,
    "anthropic": anthropic_list,
    "gemini": gemini_list,
    "ollama": ollama_list,
}


def write(told):
    lines.write(json.dumps(told) + "\n")


async def answer(asked):
    def tell(**what):
        write({"id": asked["id"], **what})

    one = Asked(asked, tell)
    try:
        if asked.get("list"):
            tell(models=await LISTS[asked["client"]](one))
        else:
            tell(text=await CLIENTS[asked["client"]](one))
    except asyncio.CancelledError:
        tell(error="The client gave up.")
    except Exception as error:
        tell(error=f"{type(error).__name__}: {error}")


async def give_up(task):
    """Cancels until it is done: wait_for of Python 3.11, which langchain uses, may lose one cancel."""
    while not task.done():
        task.cancel()
        await asyncio.sleep(0.1)


async def main():
    loop = asyncio.get_running_loop()
    running, leaving = {}, []
    for module in PACKAGES.values():
        import_module(module)
    import_module("litellm").suppress_debug_info = True
    write({"versions": [f"{name} {version(name)}" for name in PACKAGES]})
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        asked = json.loads(line)
        if asked.get("leave"):
            leaving.append(asyncio.create_task(give_up(running[asked["id"]])))
        else:
            running[asked["id"]] = asyncio.create_task(answer(asked))


asyncio.run(main())
