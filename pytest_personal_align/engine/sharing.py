"""Conversations that begin alike share their first replies: each is asked for once and branches."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable

from pytest_personal_align.core.plan import Plan
from pytest_personal_align.core.result import Reply
from pytest_personal_align.engine.limits import Seat

Path = bytes


def paths(plan: Plan, trial: int) -> list[Path]:
    """For each turn, what the reply to it depends on: arm, trial, system text and all turns until then.

    The replies in between need not be looked at: where they are shared, they follow from the same. So the
    number of calls is known before the first is made.
    """
    digest = hashlib.blake2b(f"{plan.arm}\0{trial}\0{plan.system or ''}".encode(), digest_size=16)
    found = []
    for turn in plan.turns:
        digest.update(b"\0" + turn.encode())
        found.append(digest.copy().digest())
    return found


class Tree:
    """Replies by path, kept as long as a conversation that was announced may need them."""

    def __init__(self, shared: Callable[[], None]) -> None:
        """``shared`` is called for each reply that need not be asked for."""
        self._users: dict[Path, int] = {}
        self._replies: dict[Path, asyncio.Future[Reply]] = {}
        self._shared = shared

    def join(self, route: list[Path]) -> None:
        """Announce a conversation."""
        for path in route:
            self._users[path] = self._users.get(path, 0) + 1

    def leave(self, route: list[Path]) -> None:
        """A conversation that was announced is over."""
        for path in route:
            left = self._users.get(path, 1) - 1
            if left > 0:
                self._users[path] = left
            else:
                self._users.pop(path, None)
                self._replies.pop(path, None)

    async def reply(self, path: Path, ask: Callable[[], Awaitable[Reply]], seat: Seat) -> Reply:
        """The reply at ``path``, from whoever asked first. Raises what that one's call raised.

        Whoever waits gives up the seat meanwhile, so that others can talk.
        """
        known = self._replies.get(path)
        if known is not None:
            self._shared()
            if not known.done():
                async with seat.left():
                    await asyncio.wait([known])
            return known.result()
        if self._users.get(path, 1) < 2:
            return await ask()
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._replies[path] = future
        try:
            reply = await ask()
        except asyncio.CancelledError:
            future.cancel()
            raise
        except BaseException as error:
            future.set_exception(error)
            future.exception()  # seen: perhaps nobody else comes
            raise
        future.set_result(reply)
        return reply
