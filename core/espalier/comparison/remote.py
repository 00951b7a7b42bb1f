"""An endpoint in a pane: its whole answer comes at once, while the other pane goes on."""

import threading
import time
from collections.abc import Callable, Iterator

from espalier.comparison.turns import Asked, Said
from espalier.errors import EspalierError
from espalier.language import LanguageModel, Prompt

_PAUSE = 0.02  # seconds between looks at an endpoint that is still writing


class RemotePane:
    """A model behind an endpoint that answers one question at a time."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model

    def answer(self, asked: Asked, is_stopped: Callable[[], bool], is_alone: bool) -> Iterator[list[Said]]:
        """Yield [] until the answer is there, then the answer; stopped, what still comes is thrown away.

        Args:
            asked: one question.
            is_stopped: asked before every step.
            is_alone: nobody else writes meanwhile, so that this one may wait.
        """
        started, reply = time.monotonic(), _Reply(self._model, asked)
        threading.Thread(target=reply.fetch, daemon=True).start()
        while not reply.is_there.wait(_PAUSE if is_alone else 0):
            if is_stopped():
                yield [Said(asked.pane, ended="stopped", figures=_figures(started, 0))]
                return
            yield []
        if reply.failure:
            yield [Said(asked.pane, ended=f"failed: {reply.failure}")]
        else:
            yield [Said(asked.pane, reply.text, "end", _figures(started, reply.tokens))]


class _Reply:
    """What an endpoint says, fetched in a thread of its own."""

    def __init__(self, model: LanguageModel, asked: Asked) -> None:
        self.is_there = threading.Event()
        self.text, self.failure, self.tokens = "", "", 0
        self._model, self._asked = model, asked

    def fetch(self) -> None:
        """Ask, and wait for the answer."""
        try:
            prompt, settings = Prompt(self._asked.messages), self._asked.settings
            self.text = self._model.answer([prompt], settings.sampling, [settings.seed], self._count)[0]
        except EspalierError as error:
            self.failure = str(error)
        except Exception as error:  # in a thread nobody else would hear of it
            self.failure = f"The endpoint's answer could not be read: {error}. Ask again."
        self.is_there.set()

    def _count(self, tokens: int) -> None:
        self.tokens += tokens


def _figures(started: float, tokens: int) -> dict[str, float]:
    seconds = time.monotonic() - started
    speed = tokens / seconds if seconds else 0.0
    return {"tokens": tokens, "seconds_to_first": seconds, "tokens_per_second": speed, "context": 0, "memory": 0}
