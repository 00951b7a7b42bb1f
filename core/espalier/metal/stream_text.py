"""The text of an answer while it is written, piece by piece, each of whole letters."""

from collections.abc import Callable, Sequence


class StreamText:
    """Tokens as they come, told as text; the pieces together are the text of all tokens.

    Only the last few tokens are decoded each time, some before the new ones with them, because a tokenizer may write a
    token differently at the beginning of a text than after another.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str]) -> None:
        """Begin an empty text; ``decode`` writes U+FFFD for bytes that are no whole letter yet."""
        self.tokens: list[int] = []
        self._decode = decode
        self._window = 0  # from here tokens are decoded
        self._known = 0  # tokens that were told

    def add(self, token: int) -> str:
        """Add a token and return what is new; "" while a letter is not whole."""
        self.tokens.append(token)
        return self._new(is_last=False)

    def end(self) -> str:
        """Return what was held back."""
        return self._new(is_last=True)

    def _new(self, is_last: bool) -> str:
        told = self._decode(self.tokens[self._window : self._known])
        text = self._decode(self.tokens[self._window :])
        if len(text) <= len(told) or (text.endswith("\ufffd") and not is_last):
            return ""
        self._window, self._known = self._known, len(self.tokens)
        return text[len(told) :]
