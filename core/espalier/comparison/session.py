"""A session of two panes: filled, asked, stopped and changed, over whatever writes the answers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Protocol

from espalier.comparison.panes import Pane, Source, find_source, read_pane
from espalier.comparison.remote import RemotePane
from espalier.comparison.retrieval import Found, in_view, retrieve
from espalier.comparison.rounds import in_turn
from espalier.comparison.turns import PANES, Asked, Facts, Said, Settings, read_conversation, read_settings
from espalier.documents.chunks import token_counter
from espalier.errors import EspalierError
from espalier.language import Message
from espalier.messages import Answered, Emit, Loaded, Note, Stage, Text
from espalier.models.folder import find_model
from espalier.project import Project
from espalier.teachers.keys import find_key
from espalier.teachers.remote import RemoteModel

_UNKNOWN_ROOM = 2048  # tokens of a context that is not known


class Panes(Protocol):
    """Models of this machine in panes."""

    def open(self, sources: Sequence[Source]) -> list[Facts]:
        """Fill the panes and check them; what is in memory already is kept.

        Raises:
            EspalierError: a model or an adapter cannot be used; the panes are as they were.
        """

    def answer(self, asked: Sequence[Asked], is_stopped: Callable[[], bool]) -> Iterator[list[Said]]:
        """Yield what the panes say, step by step, until all answers have ended."""


class Session:
    """Two panes of a project; the window owns the conversations, and sends them whole each time."""

    def __init__(self, project: Project, panes: Panes, emit: Emit, run: str = "") -> None:
        """Begin with empty panes.

        Args:
            project: it is only read.
            panes: write the answers.
            emit: told everything.
            run: whose result is meant where a pane names none; "" for the newest.
        """
        self._project, self._panes, self._emit, self._run = project, panes, emit, run
        self._chosen: list[Pane] = []
        self._facts: list[Facts] = []
        self._local: list[int] = []  # places of the panes that this machine fills
        self._remote: dict[int, RemotePane] = {}

    def open(self, values: Sequence[Mapping[str, Any]]) -> None:
        """Put models into the panes, and tell of each that is new.

        Raises:
            EspalierError: one of them is not there or cannot be used; the panes are as they were.
        """
        if len(values) != len(PANES):
            raise EspalierError(f"A comparison has {len(PANES)} panes, not {len(values)}.")
        chosen = [read_pane(pane) for pane in values]
        sources = [find_source(self._project, pane, self._run) for pane in chosen]
        local = [place for place, source in enumerate(sources) if not source.endpoint]
        for place in local:
            self._emit(Stage("compare", f"Loading {sources[place].title}"))
        facts = [Facts(source.title) for source in sources]
        for place, found in zip(local, self._panes.open([sources[place] for place in local]), strict=True):
            facts[place] = found
        self._remote = {place: self._opened(source) for place, source in enumerate(sources) if source.endpoint}
        for place, name in enumerate(PANES):
            is_new = not self._facts or chosen[place] != self._chosen[place] or facts[place] != self._facts[place]
            if is_new:
                self._emit(Loaded(name, **asdict(facts[place])))
        self._chosen, self._facts, self._local = chosen, facts, local

    @property
    def facts(self) -> Sequence[Facts]:
        """Return what the panes hold, left and right."""
        return self._facts

    def answer(self, arguments: Mapping[str, Any], is_stopped: Callable[[], bool]) -> None:
        """Write the answers of a request, and tell of every token.

        Args:
            arguments: ``conversations``, one for each pane; ``panes`` that are to answer; ``settings``; ``retrieval``,
                the panes that see the documents of ``leaf``.
            is_stopped: asked before every token.

        Raises:
            EspalierError: the request makes no sense; nothing was answered.
        """
        settings = read_settings(arguments.get("settings") or {})
        names = list(arguments.get("panes") or PANES)
        conversations = list(arguments.get("conversations") or [])
        if not set(names) <= set(PANES) or len(conversations) != len(PANES):
            raise EspalierError(f"A question names its panes, {' or '.join(PANES)}, and has a conversation for each.")
        asked, sources = [], dict[int, list[Found]]()
        for place in sorted(PANES.index(name) for name in set(names)):
            messages = read_conversation(conversations[place], settings.system)
            if PANES[place] in (arguments.get("retrieval") or ()):
                sources[place] = self._documents(messages, str(arguments.get("leaf") or ""), place, settings)
                last = replace(messages[-1], content=in_view(messages[-1].content, sources[place]))
                messages = (*messages[:-1], last)
            asked.append(Asked(place, messages, settings))
        for said in in_turn(self._writers(asked, is_stopped)):
            for piece in said:
                self._tell(piece, sources.get(piece.pane, []), settings)

    def _writers(self, asked: Sequence[Asked], is_stopped: Callable[[], bool]) -> list[Iterator[list[Said]]]:
        here = [question for question in asked if question.pane in self._local]
        writers = [
            self._remote[question.pane].answer(question, is_stopped, is_alone=not here)
            for question in asked
            if question.pane in self._remote
        ]
        return [*writers, self._answer_here(here, is_stopped)] if here else writers

    def _answer_here(self, asked: Sequence[Asked], is_stopped: Callable[[], bool]) -> Iterator[list[Said]]:
        """Yield what the panes of this machine say, under their places in the session."""
        own = [replace(question, pane=self._local.index(question.pane)) for question in asked]
        for said in self._panes.answer(own, is_stopped):
            yield [replace(piece, pane=self._local[piece.pane]) for piece in said]

    def _tell(self, piece: Said, sources: Sequence[Found], settings: Settings) -> None:
        name, facts = PANES[piece.pane], self._facts[piece.pane]
        if piece.text:
            self._emit(Text(name, piece.text))
        if not piece.ended:
            return
        self._emit(Answered(name, piece.ended, dict(piece.figures), [asdict(source) for source in sources]))
        used = int(piece.figures.get("context", 0))
        if facts.context and used + settings.max_tokens > facts.context and not piece.ended.startswith("failed"):
            self._emit(
                Note(
                    f"{facts.title}: the conversation has {used:,} of the {facts.context:,} tokens that the model can "
                    "see at once, so the next answer may be cut short. Begin a new conversation soon."
                )
            )

    def _documents(self, messages: Sequence[Message], leaf: str, place: int, settings: Settings) -> list[Found]:
        count = token_counter(find_model(self._project.student))
        context = self._facts[place].context or _UNKNOWN_ROOM
        taken = sum(count(message.content) + 8 for message in messages)  # 8: what a template puts around a turn, about
        room = context - taken - min(settings.max_tokens, context // 4)
        return retrieve(self._project, leaf, messages[-1].content, count, max(0, room))

    def _opened(self, source: Source) -> RemotePane:
        endpoint = source.endpoint
        assert endpoint
        if not endpoint.stays_here:
            self._emit(Note(f"Leaves this Mac: the conversation is sent to {endpoint.host}."))
        return RemotePane(RemoteModel(endpoint, find_key(endpoint), self._emit))
