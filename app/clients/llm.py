"""A language model over the chat completions API that OpenAI defined and many servers speak
(platform.openai.com/docs/api-reference/chat)."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator, Coroutine, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import httpx
from pydantic import BaseModel, Field

LARGEST_REPLY = 64 * 1024
LONGEST_ANSWER_TOKENS = 500
_OK = 200

Message = dict[str, Any]
"""A part of the conversation, or a tool, as the API spells it."""


class ModelFailed(Exception):
    """The model gave no usable reply in time. The text holds neither the key nor anything the model said."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What the model wants to be looked up; `arguments` is JSON as the model wrote it, to be mistrusted."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model said, or what it wants to know first."""

    text: str
    calls: tuple[ToolCall, ...]


class ChatModel:
    """One model at one provider."""

    def __init__(self, *, base: str, key: str, model: str) -> None:
        self._url = base.rstrip("/") + "/chat/completions"
        self._key = key
        self._model = model

    def reply(
        self, messages: Sequence[Message], *, tools: Sequence[Message], may_use_tools: bool, seconds: float
    ) -> Reply:
        """The model's next turn, within so many seconds from connecting to the last byte. Raises ModelFailed."""
        body = {
            "model": self._model,
            "messages": messages,
            "max_tokens": LONGEST_ANSWER_TOKENS,
            "tools": tools,
            "tool_choice": "auto" if may_use_tools else "none",
        }
        try:
            return _read(_run(self._post(body, seconds), seconds))
        except ModelFailed:
            raise
        except Exception as error:  # noqa: BLE001 (whatever a provider makes the client raise is no reply)
            raise ModelFailed(type(error).__name__) from None

    async def _post(self, body: dict[str, Any], seconds: float) -> bytes:
        headers = {"Authorization": f"Bearer {self._key}", "Accept-Encoding": "identity"}
        async with (
            httpx.AsyncClient(timeout=seconds, verify=_certificates()) as client,
            client.stream("POST", self._url, json=body, headers=headers) as response,
        ):
            if response.status_code != _OK:
                raise ModelFailed(f"HTTP {response.status_code}")
            content = b""
            async with contextlib.aclosing(cast("AsyncGenerator[bytes]", response.aiter_raw())) as pieces:
                async for piece in pieces:
                    content += piece
                    if len(content) > LARGEST_REPLY:
                        raise ValueError("the reply is too long")
            return content


def _run(work: Coroutine[Any, Any, bytes], seconds: float) -> bytes:
    """Run to the end or for so many seconds.

    Asynchronous for one reason: a time-out of httpx counts from byte to byte, and only a cancelled task holds a limit
    for the whole. Not asyncio.run, which would wait for a name server that does not answer.
    """
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(asyncio.wait_for(work, seconds))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())  # a reply cut off leaves some half-read
        loop.close()


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    """Loaded once, as that takes longer than a request."""
    return httpx.create_ssl_context()


class _Function(BaseModel):
    name: str
    arguments: str = "{}"


class _Call(BaseModel):
    id: str
    function: _Function


class _Message(BaseModel):
    content: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(BaseModel):
    message: _Message


class _Completion(BaseModel):
    choices: list[_Choice] = Field(min_length=1)


def _read(content: bytes) -> Reply:
    message = _Completion.model_validate_json(content).choices[0].message
    calls = [ToolCall(call.id, call.function.name, call.function.arguments) for call in message.tool_calls or ()]
    return Reply(text=(message.content or "").strip(), calls=tuple(calls))
