"""Work on the network from code that waits for it: many requests together, ended at once when the person stops."""

import asyncio
import re
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar, cast

from espalier.errors import Cancelled
from espalier.language import TooLongError
from espalier.teachers.wire import RefusedError

_TOO_LONG = re.compile("context|too long|too many tokens|maximum.*tokens", re.IGNORECASE)

Item = TypeVar("Item")
Result = TypeVar("Result")


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Return what work on the network comes to; being cancelled ends every request at once."""
    stopped: list[BaseException] = []

    async def main() -> Result:
        task = asyncio.current_task()

        def on_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            error = context.get("exception")
            if isinstance(error, Cancelled) and task:  # the signal came while a callback ran
                stopped.append(error)
                task.cancel()
            else:
                loop.default_exception_handler(context)

        asyncio.get_running_loop().set_exception_handler(on_error)
        return await work

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        if stopped:
            raise stopped[0] from None
        raise


async def each(work: Callable[[Item], Coroutine[Any, Any, Result]], items: Sequence[Item]) -> list[Result]:
    """Return the result for each item, in order; the first failure ends the others.

    Raises:
        TooLongError: some items do not fit the model's context; the others were done first.
    """
    too_long: dict[int, str] = {}

    async def guarded(index: int, item: Item) -> Result | None:
        try:
            return await work(item)
        except RefusedError as error:
            if error.status not in (400, 413, 422) or not _TOO_LONG.search(str(error)):
                raise
            too_long[index] = str(error)
            return None

    tasks = [asyncio.ensure_future(guarded(index, item)) for index, item in enumerate(items)]
    try:
        results = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
    if too_long:
        raise TooLongError(dict(sorted(too_long.items())))
    return cast(list[Result], results)
