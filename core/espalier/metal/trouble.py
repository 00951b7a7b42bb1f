"""What MLX says when a piece of work was too large for the GPU: killed by its watchdog, or out of memory."""

from typing import Literal, get_args

Trouble = Literal["", "watchdog", "memory"]
TROUBLES: tuple[Trouble, ...] = get_args(Trouble)

# Of Metal's command buffers, by the names of their errors (mlx issues 3267, 3742), and of MLX's allocator.
_ERROR = "kIOGPUCommandBufferCallbackError"
_WATCHDOG = tuple(_ERROR + name for name in ("ImpactingInteractivity", "Timeout", "Hang"))
_MEMORY = (_ERROR + "OutOfMemory", "[malloc", "[metal::malloc]")


def trouble_of(error: Exception) -> Trouble:
    """Return what kind of too large an error tells of; "" when it is of another kind."""
    if isinstance(error, MemoryError):
        return "memory"
    text = str(error)
    if not isinstance(error, RuntimeError):
        return ""
    if any(sign in text for sign in _WATCHDOG):
        return "watchdog"
    return "memory" if any(sign in text for sign in _MEMORY) else ""
