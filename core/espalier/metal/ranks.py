"""The processes that train together, one rank each: what they add up, share and agree on.

Every call is made by all ranks in the same order. A rank that waits too long for the others is ended by the system's
alarm clock, because a process that waits inside MLX hears nothing else: MLX's ring waits for ever when a peer falls
silent, and can stop without a word by itself (mlx issue 4475).
"""

import json
import signal
import time
from collections.abc import Callable, Sequence
from typing import Any

import mlx.core as mx
from mlx.nn.utils import average_gradients
from mlx.utils import tree_flatten, tree_map, tree_unflatten

from espalier.errors import EspalierError
from espalier.training.plan import balanced
from espalier.training.together import PATIENCE

_SHARE = 5  # of the patience is left once updates are made, or
_SLOWEST = 20  # times the longest pause between two signs of life, whichever is more


class Ranks:
    """This process among those that train together; alone by default, and then every call gives back what it gets.

    Attributes:
        rank: number of this process, from 0; rank 0 writes files and tells.
        count: of all.
        names: of their hosts.
        patience: seconds to wait for the others at first.
    """

    def __init__(self, group: Any = None, names: Sequence[str] = ("",), patience: int = PATIENCE) -> None:
        """Stand in a group as ``mx.distributed.init`` returns it; alone without one."""
        self._group = group
        self.rank, self.count = (int(group.rank()), int(group.size())) if group else (0, 1)
        self.names, self.patience = tuple(names), patience
        self._longest = self._last = 0.0
        self.alive()

    @property
    def leads(self) -> bool:
        """Return whether this rank writes files and tells."""
        return self.rank == 0

    def alive(self, *, in_step: bool = False) -> None:
        """Set the alarm clock anew, to a time that a healthy rank stays under.

        Args:
            in_step: training goes its way, so that the pause since the last sign of life tells how fast that is.
        """
        if self.count == 1:
            return
        now = time.monotonic()
        if in_step and self._last:
            self._longest = max(self._longest, now - self._last)
        self._last = now if in_step else 0.0
        usual = max(self.patience / _SHARE, _SLOWEST * self._longest) if self._longest else self.patience
        signal.alarm(int(usual) + 1)

    def own(self, lengths: Sequence[int]) -> list[int]:
        """Return the indices of this rank's rows of an update: about as many tokens as every other rank's."""
        if self.count == 1:
            return list(range(len(lengths)))
        shares = balanced(lengths, self.count)
        return sorted(shares[self.rank]) if self.rank < len(shares) else []

    def added(self, loss: mx.array, gradient: Any) -> tuple[mx.array, Any]:
        """Return the sums of all ranks' losses and gradients."""
        if self.count == 1:
            return loss, gradient
        sums = average_gradients({"loss": loss, "gradient": gradient}, self._group)
        total = tree_map(lambda value: value * self.count, sums)
        mx.eval(total)
        self.alive(in_step=True)
        return total["loss"], total["gradient"]

    def total(self, number: float) -> float:
        """Return the sum of all ranks' numbers."""
        return float(self._sum(mx.array([number])).item()) if self.count > 1 else number

    def highest(self, *numbers: int) -> tuple[int, ...]:
        """Return the highest of all ranks' numbers, place by place."""
        if self.count == 1:
            return numbers
        found = mx.distributed.all_max(mx.array(numbers), group=self._group).tolist()
        self.alive(in_step=True)
        return tuple(found)

    def share(self, values: Any) -> Any:
        """Return rank 0's arrays: a tree, in which every rank has arrays of the same names and shapes."""
        if self.count == 1:
            return values
        found = {
            name: self._sum(value if self.leads else mx.zeros_like(value))
            for name, value in sorted(tree_flatten(values), key=lambda entry: entry[0])
        }
        return tree_unflatten(list(found.items()))

    def tell(self, content: bytes) -> bytes:
        """Return rank 0's bytes; what the others give counts for nothing."""
        return self.gather(content if self.leads else b"")[0] if self.count > 1 else content

    def compare(self, facts: dict[str, str], say: Callable[[str, str], str]) -> None:
        """Check that the same is true of every rank.

        Args:
            facts: by name; the others' are compared with rank 0's.
            say: returns the sentence about a host, given its name and that of what differs there.

        Raises:
            EspalierError: something differs; every rank raises it.
        """
        if self.count == 1:
            return
        first, *others = map(json.loads, self.gather(json.dumps(facts).encode()))
        for number, other in enumerate(others, 1):
            for name, fact in first.items():
                if other.get(name) != fact:
                    raise EspalierError(say(self.names[number], name))

    def gather(self, own: bytes) -> list[bytes]:
        """Return every rank's bytes, in the order of the ranks."""
        sizes = self._sum(mx.array([len(own) * (rank == self.rank) for rank in range(self.count)])).tolist()
        parts = []
        for rank, size in enumerate(sizes):
            mine = mx.array(memoryview(own)) if rank == self.rank and own else mx.zeros((size,), mx.uint8)
            parts.append(bytes(memoryview(self._sum(mine))) if size else b"")
        return parts

    def _sum(self, value: mx.array) -> mx.array:
        found = mx.distributed.all_sum(value, group=self._group)
        mx.eval(found)
        self.alive()
        return found
