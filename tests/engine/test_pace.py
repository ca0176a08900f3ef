"""Slots, rates, waiting times and adaptive concurrency, in virtual time."""

from __future__ import annotations

import asyncio

import pytest

from pytest_personal_align.core.result import CallFailed
from pytest_personal_align.engine.endpoint import LONGEST_WAIT, Endpoint
from pytest_personal_align.engine.fault import Fault, retry_after
from pytest_personal_align.engine.limits import Rate, Seat, Slots
from tests.engine.enginekit import in_virtual_time

CROWDED = Fault("provider", "429", slow_down=True)


@pytest.mark.parametrize("limit", [1, 7, 60])
def test_no_window_of_a_minute_holds_more_than_the_rate(limit: int) -> None:
    async def go() -> list[float]:
        rate, sent = Rate(limit), []

        async def one() -> None:
            await rate.spend(1)
            sent.append(asyncio.get_running_loop().time())

        await asyncio.gather(*(one() for _ in range(4 * limit)))
        return sent

    sent: list[float] = in_virtual_time(go())
    assert sent == sorted(sent)
    assert all(later - earlier >= 59.999 for earlier, later in zip(sent, sent[limit:], strict=False))
    assert sent[-1] <= 3 * 60.001


def test_tokens_are_booked_as_estimated_and_corrected() -> None:
    async def go() -> list[float]:
        rate, times = Rate(1000), []
        for real in (100, 100, 900, 100):
            entry = await rate.spend(500)
            times.append(asyncio.get_running_loop().time())
            rate.correct(entry, real)
        return times

    assert in_virtual_time(go()) == [0.0, 0.0, 0.0, 60.0]


def test_a_request_larger_than_the_rate_goes_alone() -> None:
    async def go() -> float:
        rate = Rate(10)
        await rate.spend(100)
        await rate.spend(1)
        return asyncio.get_running_loop().time()

    assert in_virtual_time(go()) == 60.0


def test_slots_go_by_order_not_by_arrival() -> None:
    async def go() -> list[int]:
        slots, served = Slots(1), []
        await slots.take()

        async def one(order: int) -> None:
            seat = Seat(slots, order)
            await seat.take()
            served.append(order)
            seat.give()

        tasks = [asyncio.ensure_future(one(order)) for order in (5, 1, 4, 2, 3)]
        await asyncio.sleep(1)
        slots.give()
        await asyncio.gather(*tasks)
        assert slots.taken == 0
        return served

    assert in_virtual_time(go()) == [1, 2, 3, 4, 5]


def test_a_cancelled_waiter_loses_no_slot() -> None:
    async def go() -> None:
        slots = Slots(1)
        await slots.take()
        waiting = [asyncio.ensure_future(slots.take()) for _ in range(3)]
        await asyncio.sleep(1)
        waiting[0].cancel()
        slots.give()  # goes to the second, which is cancelled in the same moment
        waiting[1].cancel()
        await asyncio.wait_for(waiting[2], 10)
        slots.give()
        assert slots.taken == 0

    in_virtual_time(go())


def test_a_seat_that_is_left_is_free_for_others() -> None:
    async def go() -> None:
        slots = Slots(1)
        seat, other = Seat(slots, 1), Seat(slots, 2)
        await seat.take()
        async with seat.left():
            await other.take()
            other.give()
            other.give()
        assert slots.taken == 1
        seat.give()
        assert slots.taken == 0

    in_virtual_time(go())


def test_in_the_evening_those_with_most_left_to_do_go_first() -> None:
    """Five conversations of four turns in four slots: two rounds of four turns by order, five turns in the evening."""

    async def go(evening: bool) -> float:
        slots = Slots(4)
        slots.evening = evening

        async def one(order: int) -> None:
            seat = Seat(slots, order, 4)
            await seat.take()
            for _ in range(4):
                await asyncio.sleep(1)
                await seat.next_turn()
            seat.give()

        await asyncio.gather(*(one(order) for order in range(5)))
        assert slots.taken == 0
        return asyncio.get_running_loop().time()

    assert in_virtual_time(go(evening=False)) == 8
    assert in_virtual_time(go(evening=True)) <= 6


def test_evening_falls_while_others_wait() -> None:
    async def go() -> list[int]:
        slots, served = Slots(1), []
        await slots.take()

        async def one(order: int, turns: int) -> None:
            seat = Seat(slots, order, turns)
            await seat.take()
            served.append(order)
            seat.give()

        tasks = [asyncio.ensure_future(one(order, order)) for order in (1, 3, 2)]
        await asyncio.sleep(1)
        slots.evening = True
        slots.give()
        await asyncio.gather(*tasks)
        return served

    assert in_virtual_time(go()) == [3, 2, 1]


def test_a_waiting_time_holds_for_all_and_the_longest_counts() -> None:
    async def go() -> list[float]:
        loop, endpoint = asyncio.get_running_loop(), Endpoint(8, None, None)
        endpoint.slow(Fault("provider", "429", after=20), loop.time())
        endpoint.slow(Fault("provider", "429", after=5), loop.time())
        times = []

        async def one() -> None:
            await endpoint.calm("it")
            times.append(loop.time())

        await asyncio.gather(*(one() for _ in range(3)))
        return times

    assert in_virtual_time(go()) == [20.0] * 3


def test_too_long_a_waiting_time_is_an_error_at_once() -> None:
    async def go() -> float:
        loop, endpoint = asyncio.get_running_loop(), Endpoint(8, None, None)
        endpoint.slow(Fault("provider", "429", after=LONGEST_WAIT + 1), loop.time())
        with pytest.raises(CallFailed, match=r"asks to wait 61 s \(Retry-After\)"):
            await endpoint.calm("it")
        return loop.time()

    assert in_virtual_time(go()) == 0.0


def test_concurrency_goes_down_once_for_a_crowd_and_comes_back() -> None:
    async def go() -> None:
        loop, endpoint = asyncio.get_running_loop(), Endpoint(64, None, None)
        assert endpoint.slots.size == 4  # scouts only, until somebody has answered
        endpoint.replied()
        assert endpoint.slots.size == 64
        for _ in range(40):
            await endpoint.slots.take()
        started = loop.time()
        await asyncio.sleep(1)
        for _ in range(40):
            endpoint.slow(CROWDED, started)
        assert endpoint.slots.size == 20
        await asyncio.sleep(1)
        endpoint.slow(CROWDED, loop.time())
        assert endpoint.slots.size == 10
        for _ in range(40):
            endpoint.slots.give()
        for _ in range(1_000):
            endpoint.replied()
        assert endpoint.slots.size == 64

    in_virtual_time(go())


def test_it_never_goes_below_one() -> None:
    async def go() -> int:
        loop, endpoint = asyncio.get_running_loop(), Endpoint(8, None, None)
        for _ in range(9):
            await asyncio.sleep(1)
            endpoint.slow(CROWDED, loop.time())
        return endpoint.slots.size

    assert in_virtual_time(go()) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": " 0.5 "}, 0.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:30 GMT", "Date": "Wed, 21 Oct 2015 07:28:00 GMT"}, 30.0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds
