"""Slots, rates and budgets: how many at a time, a minute and in all."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

from pytest_personal_align.core.result import CallFailed

_WINDOW = 60.0


class Slots:
    """A semaphore whose size may change, and whose waiters go by the rank of their seats, lowest first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._taken = 0
        self._arrival = count()
        self._evening = False
        self._waiting: list[tuple[int, int, asyncio.Future[None], Seat | None]] = []

    @property
    def taken(self) -> int:
        return self._taken

    @property
    def size(self) -> int:
        return self._size

    @size.setter
    def size(self, size: int) -> None:
        self._size = size
        self._wake()

    @property
    def evening(self) -> bool:
        """Whether those with most left to do go first, instead of those who came first."""
        return self._evening

    @evening.setter
    def evening(self, evening: bool) -> None:
        if evening is not self._evening:
            self._evening = evening
            self._waiting = [(self._rank(seat), arrival, future, seat) for _, arrival, future, seat in self._waiting]
            heapq.heapify(self._waiting)

    def _rank(self, seat: Seat | None) -> int:
        return 0 if seat is None else -seat.turns_left if self._evening else seat.order

    async def take(self, seat: Seat | None = None) -> None:
        if self._taken < self._size and not self._waiting:
            self._taken += 1
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self._rank(seat), next(self._arrival), future, seat))
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.give()
            raise

    def give(self) -> None:
        self._taken -= 1
        self._wake()

    def _wake(self) -> None:
        while self._waiting and self._taken < self._size:
            future = heapq.heappop(self._waiting)[2]
            if not future.done():
                self._taken += 1
                future.set_result(None)


class Seat:
    """One conversation's slot. ``order`` is its place in the run, ``turns_left`` what it has still to do."""

    def __init__(self, slots: Slots, order: int = 0, turns_left: int = 1) -> None:
        self.order = order
        self.turns_left = turns_left
        self._slots = slots
        self._held = False

    async def take(self) -> None:
        await self._slots.take(self)
        self._held = True

    def give(self) -> None:
        """Idempotent."""
        if self._held:
            self._held = False
            self._slots.give()

    async def next_turn(self) -> None:
        """A turn is over. In the evening, whoever has more left to do may go first: or the run would end with a few
        long conversations and idle slots."""
        self.turns_left -= 1
        if self._slots.evening and self._held and self.turns_left:
            self.give()
            await self.take()

    @asynccontextmanager
    async def left(self) -> AsyncIterator[None]:
        """Without the slot inside, with it again after."""
        self.give()
        yield
        await self.take()


class Rate:
    """At most ``limit`` in any 60 seconds; first come, first served."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._spent: deque[list[float]] = deque()  # [when, how much]
        self._turn = asyncio.Lock()

    async def spend(self, amount: float) -> list[float]:
        """Wait until ``amount`` fits, and book it. The entry goes to :meth:`correct` when the real amount is known."""
        loop = asyncio.get_running_loop()
        if self._limit is None:
            return [0.0, amount]
        async with self._turn:
            while True:
                now = loop.time()
                while self._spent and self._spent[0][0] <= now - _WINDOW:
                    self._spent.popleft()
                # One that would never fit goes alone.
                if not self._spent or sum(entry[1] for entry in self._spent) + amount <= self._limit:
                    entry = [now, amount]
                    self._spent.append(entry)
                    return entry
                await asyncio.sleep(self._spent[0][0] + _WINDOW - now)

    def correct(self, entry: list[float], amount: float) -> None:
        entry[1] = amount


class Budget:
    """Requests and dollars of a run, reserved before they are spent."""

    def __init__(self, max_calls: int | None, max_cost: float | None) -> None:
        self._max_calls = max_calls
        self._max_cost = max_cost
        self._calls = 0
        self._spent = 0.0
        self._reserved = 0.0
        self._settled: list[asyncio.Future[None]] = []

    async def reserve(self, cost: float) -> None:
        """Book one request of at most about ``cost`` dollars. Raises CallFailed of kind ``budget``.

        Near the limit it waits until open requests are settled: they mostly cost less than was reserved.
        """
        self._check_calls()
        while self._max_cost is not None and self._spent + self._reserved + cost > self._max_cost:
            if not self._reserved:
                raise CallFailed(
                    "budget",
                    f"not run: ${self._spent:.4f} of --pa-max-cost={self._max_cost:g} are spent, and the next call may "
                    f"cost ${cost:.4f}",
                )
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._settled.append(waiter)
            await waiter
            self._check_calls()
        self._calls += 1
        self._reserved += cost

    def settle(self, reserved: float, spent: float) -> None:
        """Replace a reservation by what it cost."""
        self._reserved = max(0.0, self._reserved - reserved) if self._reserved - reserved > 1e-12 else 0.0
        self._spent += spent
        waiting, self._settled = self._settled, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    def _check_calls(self) -> None:
        if self._max_calls is not None and self._calls >= self._max_calls:
            raise CallFailed("budget", f"not run: all requests of --pa-max-calls={self._max_calls} are used")
