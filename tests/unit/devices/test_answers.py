"""Answers are those of the contract to the byte, and never larger than it allows."""

import pytest

from app.domain.devices import answers, notices
from app.domain.devices.wire import BeyondLimits
from app.domain.devices.words import HTTP_STATUS, ItemFlag, RefusalCode, ResultCode
from app.domain.enums import TrolleyState

NOW = 1795252282
MOST = 2**31 - 1
LARGEST = answers.Standing(MOST, MOST, TrolleyState.MAINTENANCE, MOST, MOST, MOST)
WORST = answers.Result(MOST, ResultCode.NOT_SOLD_HERE, MOST, MOST)


def test_the_answer_to_one_event_is_that_of_the_contract() -> None:
    standing = answers.Standing(1, 7, TrolleyState.SHOPPING, 1, 515, 2500)

    body = answers.events_answer(NOW, standing, [answers.Result(1, ResultCode.OK, 1, 2500)])

    assert body == (b'{"v":1,"t":1795252282,"a":1,"z":7,"st":1,"q":1,"w":515,"p":2500,"r":[[1,0,1,2500]],"n":[]}')


def test_the_answer_to_a_heartbeat_has_no_results() -> None:
    body = answers.standing_answer(NOW, answers.Standing(4), [notices.state_notice(TrolleyState.REVIEW)])

    assert body == b'{"v":1,"t":1795252282,"a":4,"z":0,"st":0,"q":0,"w":0,"p":0,"n":[["st",2]]}'


def test_the_largest_answer_keeps_the_limit() -> None:
    both = [notices.message("é" * 40), notices.rotation(MOST, "0" * 32)]

    assert len(answers.events_answer(MOST, LARGEST, [WORST] * 16, both)) <= 1024


def test_more_results_or_notices_than_allowed_are_never_sent() -> None:
    with pytest.raises(BeyondLimits):
        answers.events_answer(NOW, LARGEST, [WORST] * 17)
    with pytest.raises(BeyondLimits):
        answers.standing_answer(NOW, LARGEST, [notices.tare()] * 3)


@pytest.mark.parametrize("code", RefusalCode)
def test_every_refusal_fits_64_bytes_and_has_a_status(code: RefusalCode) -> None:
    numbers = {"b": 999_999_999, "n": MOST} if code is RefusalCode.REPLAY else {"a": MOST}

    assert len(answers.error_answer(MOST, code, **numbers)) <= 64
    assert 400 <= HTTP_STATUS[code] <= 503


def test_a_refusal_is_that_of_the_contract() -> None:
    assert answers.error_answer(NOW, RefusalCode.REPLAY, b=3, n=9) == b'{"v":1,"t":1795252282,"e":"replay","b":3,"n":9}'


def test_a_claim_gives_the_key_once_in_hex() -> None:
    body = answers.claim_answer(NOW, "c0ffee01", 1, b"\x0f" * 32)

    assert body == b'{"v":1,"id":"c0ffee01","k":1,"key":"' + b"0f" * 32 + b'","t":1795252282}'


def test_a_pairing_code_comes_with_its_address() -> None:
    assert answers.pair_answer("7K3M9Q", 120, "https://x.example/p/7K3M9Q") == (
        b'{"v":1,"c":"7K3M9Q","x":120,"u":"https://x.example/p/7K3M9Q"}'
    )
    with pytest.raises(BeyondLimits):
        answers.pair_answer("7K3M9Q", 120, "x" * 81)


def test_an_item_card_is_that_of_the_contract() -> None:
    card = answers.ItemCard("8901234567890", "Toned Milk 500 ml", 2700, 2500, 515)

    assert answers.item_answer(card) == (
        b'{"v":1,"c":"8901234567890","n":"Toned Milk 500 ml","p":2700,"o":2500,"w":515,"k":0}'
    )


@pytest.mark.parametrize("name", ["é" * 100, '"\\' * 100, "🥛" * 100])
def test_the_largest_item_card_keeps_the_limit(name: str) -> None:
    card = answers.ItemCard("1" * 14, name, MOST, MOST, MOST, frozenset(ItemFlag))

    body = answers.item_answer(card)

    assert len(body) <= 160
    assert body.endswith(b'"k":15}')


def test_two_notices_go_and_the_rest_wait() -> None:
    waiting = [notices.tare(), notices.heartbeat_every(15), notices.locate(), notices.goodbye()]

    assert notices.first_notices(waiting) == ((("tare",), ("hb", 15)), (("loc", 1), ("bye",)))
    assert notices.firmware("1.5.0") == ("fw", "1.5.0")
