"""The text of an answer while it is written, so that stop texts are found wherever they fall in the tokens."""

from collections.abc import Callable, Sequence


class Written:
    """Tokens and their text, of which only the last few tokens are decoded each time.

    Attributes:
        tokens: all that were added.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str], stops: Sequence[str]) -> None:
        """Begin an empty text.

        Args:
            decode: the tokenizer's; it writes U+FFFD for bytes that are no whole letter yet.
            stops: texts that end it.
        """
        self.tokens: list[int] = []
        self._decode = decode
        self._stops = [stop for stop in stops if stop]
        self._reach = max(map(len, self._stops), default=0)
        self._tail = ""  # of the whole letters so far, as many as a stop text may begin in
        self._window = 0  # from here tokens are decoded: some before the new ones, as they change what follows
        self._known = 0  # tokens whose letters are whole

    def add(self, token: int) -> bool:
        """Add a token; return whether a stop text is written now."""
        self.tokens.append(token)
        if not self._stops:
            return False
        seen = self._decode(self.tokens[self._window : self._known])
        new = self._decode(self.tokens[self._window :])[len(seen) :]
        text = self._tail + new
        if any(stop in text for stop in self._stops):
            return True
        if new and not new.endswith("\ufffd"):
            self._tail = text[-self._reach :]
            self._window, self._known = self._known, len(self.tokens)
        return False
