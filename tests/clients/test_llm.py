"""The client of a language model against a real socket: what it sends, and that nothing but a reply gets through."""

import gc
import json
import logging
import time
from collections.abc import Iterator

import pytest

from app.clients.llm import LARGEST_REPLY, ChatModel, ModelFailed, Reply, ToolCall
from scripts.ports import free_port
from tests.clients.chat_model import FakeModel, fake_model, says, wants

KEY = "sk-very-secret-1234567890"
MESSAGES = [{"role": "user", "content": "milk"}]
TOOLS = [{"type": "function", "function": {"name": "search_items", "parameters": {"type": "object"}}}]


@pytest.fixture
def model() -> Iterator[FakeModel]:
    with fake_model() as running:
        yield running


def ask(model: FakeModel, *, seconds: float = 5.0, may_use_tools: bool = True) -> Reply:
    client = ChatModel(base=model.url + "/", key=KEY, model="small")
    return client.reply(MESSAGES, tools=TOOLS, may_use_tools=may_use_tools, seconds=seconds)


def test_it_sends_the_conversation_and_reads_the_answer(model: FakeModel) -> None:
    model.mind = lambda _: says(" There is milk. ")

    reply = ask(model)

    assert reply == Reply("There is milk.", ())
    (sent,) = model.requests
    assert (sent["model"], sent["messages"], sent["tools"], sent["tool_choice"]) == ("small", MESSAGES, TOOLS, "auto")
    assert model.keys == [f"Bearer {KEY}"]


def test_it_reads_what_the_model_wants_to_know(model: FakeModel) -> None:
    model.mind = lambda _: wants(("search_items", {"words": "milk"}))

    reply = ask(model, may_use_tools=False)

    assert reply == Reply("", (ToolCall("call_0", "search_items", '{"words": "milk"}'),))
    assert model.requests[0]["tool_choice"] == "none"


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"<html>",
        b"null",
        b"[]",
        b'{"choices": []}',
        b'{"choices": [{"message": null}]}',
        b'{"choices": [{"message": {"content": 5}}]}',
        b'{"choices": [{"message": {"tool_calls": [{"id": "1"}]}}]}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"choices": [{"message": {"content": "' + b"x" * LARGEST_REPLY + b'"}}]}',
    ],
    ids=range(11),
)
def test_garbage_is_no_reply(model: FakeModel, garbage: bytes) -> None:
    model.raw = [garbage]

    with pytest.raises(ModelFailed):
        ask(model)


@pytest.mark.parametrize("status", [204, 301, 401, 429, 500])
def test_any_other_status_is_no_reply_and_is_named(model: FakeModel, status: int) -> None:
    model.status = status
    model.raw = [b""]

    with pytest.raises(ModelFailed, match=f"^HTTP {status}$"):
        ask(model)


def test_a_model_that_drips_is_cut_off_in_time(model: FakeModel) -> None:
    model.raw, model.pause = [b" "] * 1000, 0.05
    started = time.monotonic()

    with pytest.raises(ModelFailed):
        ask(model, seconds=0.4)

    assert time.monotonic() - started < 1.5


def test_an_endless_reply_is_cut_off_at_its_length_and_leaves_nothing_behind(
    model: FakeModel, caplog: pytest.LogCaptureFixture
) -> None:
    model.raw = [b" " * 4096] * 100_000
    started = time.monotonic()

    with pytest.raises(ModelFailed, match="ValueError"):
        ask(model, seconds=20)
    gc.collect()

    assert time.monotonic() - started < 10
    assert [record for record in caplog.records if record.name == "asyncio"] == []


@pytest.mark.parametrize("pieces", [[], [b'{"choices"']])
def test_a_reply_that_breaks_off_is_none(model: FakeModel, pieces: list[bytes]) -> None:
    model.raw, model.promised = pieces, 1000

    with pytest.raises(ModelFailed, match="RemoteProtocolError"):
        ask(model)


def test_with_no_time_left_nothing_is_sent(model: FakeModel) -> None:
    with pytest.raises(ModelFailed):
        ask(model, seconds=-1)

    assert model.requests == []


@pytest.mark.parametrize(
    ("base", "key"),
    [
        (f"http://127.0.0.1:{free_port()}/v1", KEY),
        ("no address", KEY),
        ("http://127.0.0.1:1/v1", KEY + "\n"),
        ("http://127.0.0.1:1/v1", KEY + "\u20ac"),
    ],
    ids=["nobody there", "no address", "key with a line break", "key with a letter no header has"],
)
def test_a_silent_or_wrongly_set_up_provider_fails_without_a_word_of_the_key(
    base: str, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = ChatModel(base=base, key=key, model="small")

    with pytest.raises(ModelFailed) as failure:
        client.reply(MESSAGES, tools=TOOLS, may_use_tools=True, seconds=2)

    assert "secret" not in f"{failure.value!r}{failure.value.__cause__!r}{caplog.text}"
    assert failure.value.__suppress_context__


def test_the_key_is_in_no_log(model: FakeModel, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    model.mind = lambda _: says("Hi.")

    ask(model)

    assert "secret" not in caplog.text + json.dumps(model.requests)
