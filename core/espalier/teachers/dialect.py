"""What an endpoint can do, found out with a few short requests: servers call themselves compatible and differ."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from espalier.language import Prompt
from espalier.teachers.endpoint import Endpoint
from espalier.teachers.scores import echoed_log_probability, mean_log_probability, text_of
from espalier.teachers.wire import RefusedError, StatusError

Ask = Callable[[str, dict[str, Any]], Awaitable[Any]]
Continuation = Literal["flag", "plain", ""]

RANKS = 10  # alternatives per token; mlx_lm.server tells at most 11, OpenAI 20
_UNKNOWN = (400, 404, 405, 422, 500, 501)  # what servers say to a field or page that they do not have; some break
_FIELDS: dict[str, Any] = {
    "seed": 7,
    "chat_template_kwargs": {"enable_thinking": False},  # an answer, without thoughts that use up its tokens
}
_CONTINUE = {"continue_final_message": True, "add_generation_prompt": False}  # as vLLM and Transformers call it


@dataclass(frozen=True)
class Dialect:
    """How an endpoint is spoken to.

    Attributes:
        limit: its name for the longest answer.
        fields: those of ``_FIELDS`` that it takes.
        continues: how it goes on with an answer that was begun: when a flag asks for it, whenever the assistant has
            the last word, or not at all.
        gives_probabilities: of the tokens that it writes.
        ranks: whether it tells the likeliest tokens beside those.
        echoes: whether it scores a text that is given.
    """

    limit: str = "max_tokens"
    fields: frozenset[str] = frozenset()
    continues: Continuation = ""
    gives_probabilities: bool = False
    ranks: bool = False
    echoes: bool = False

    def body(self, model: str, prompt: Prompt, tokens: int, seed: int | None = None) -> dict[str, Any]:
        """Return the request for a prompt's answer of at most so many tokens.

        What the answer shall begin with is written for the model where it goes on from there, else asked for in words.
        """
        messages = [{"role": message.role, "content": message.content} for message in prompt.messages]
        body: dict[str, Any] = {"model": model, "messages": messages, self.limit: tokens}
        if prompt.start and self.continues:
            messages.append({"role": "assistant", "content": prompt.start})
            body |= _CONTINUE if self.continues == "flag" else {}
        elif prompt.start:
            messages[-1]["content"] += f"\n\nBegin your answer with these exact words: {prompt.start}"
        body |= {name: _FIELDS[name] for name in self.fields if name != "seed"}
        if seed is not None and "seed" in self.fields:
            body["seed"] = seed
        return body

    def written(self, text: str, start: str) -> str:
        """Return an answer without what it was made to begin with; "" when it does not begin as it was asked to."""
        text = text.strip()
        if not start or self.continues:
            return text
        rest = text[len(start) :]
        joins = rest[:1].isalnum() and start[-1:].isalnum()
        return rest.strip() if text.casefold().startswith(start.casefold()) and not joins else ""

    def sentence(self, endpoint: Endpoint) -> str:
        """Return what a person should know of it."""
        given = (
            "tells how likely its words are" if self.gives_probabilities else "does not tell how likely its words are"
        )
        if self.echoes and self.ranks:
            judged = "so it judges by probabilities, as a local model does"
        elif self.echoes or self.ranks:
            judged = "so it judges partly by probabilities, partly by short answers that are compared"
        else:
            judged = "so it judges by short answers that are compared"
        return f"{endpoint.model} at {endpoint.host} {given}, {judged}."


async def find_dialect(model: str, ask: Ask) -> Dialect:
    """Return how an endpoint is spoken to.

    Args:
        model: as the endpoint names it.
        ask: posts a body to a page and returns the reply.

    Raises:
        EspalierError: the endpoint answers no plain request either.
    """
    limit, fields = await _basics(model, ask)
    plain = Dialect(limit, fields)
    continues, gives, ranks, echoes = await asyncio.gather(
        _continuation(plain, model, ask),
        _succeeds(
            ask, _hello(model, limit) | {"logprobs": True}, lambda reply: mean_log_probability(reply) is not None
        ),
        _ranks(model, limit, ask),
        _echoes(model, ask),
    )
    return Dialect(limit, fields, continues, gives, ranks, echoes)


def _hello(model: str, limit: str, text: str = "Say yes.") -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}], limit: 4}


async def _basics(model: str, ask: Ask) -> tuple[str, frozenset[str]]:
    """Return the name of the limit and the fields that are taken."""
    limit = "max_tokens"
    if await _answers(ask, _hello(model, limit) | _FIELDS):
        return limit, frozenset(_FIELDS)
    try:
        await ask("/chat/completions", _hello(model, limit))
    except RefusedError as error:
        if "max_completion_tokens" not in str(error):
            raise
        limit = "max_completion_tokens"
        await ask("/chat/completions", _hello(model, limit))
    taken = [name for name in _FIELDS if await _answers(ask, _hello(model, limit) | {name: _FIELDS[name]})]
    return limit, frozenset(taken)


async def _answers(ask: Ask, body: dict[str, Any]) -> bool:
    try:
        text_of(await ask("/chat/completions", body))
    except RefusedError as error:
        if error.status not in (400, 422):
            raise
        return False
    return True


async def _succeeds(
    ask: Ask, body: dict[str, Any], shows: Callable[[Any], bool], page: str = "/chat/completions"
) -> bool:
    """Return whether a request that may fail shows what is looked for."""
    try:
        return shows(await ask(page, body))
    except StatusError as error:
        if error.status not in _UNKNOWN:
            raise
        return False


async def _continuation(plain: Dialect, model: str, ask: Ask) -> Continuation:
    """Return how an answer is gone on with: a word that was begun is ended only by a model that does."""
    messages = [
        {"role": "user", "content": "What was Istanbul called before? Answer with one word: Constantinople."},
        {"role": "assistant", "content": "Constanti"},
    ]
    body = {"model": model, "messages": messages, plain.limit: 6, "temperature": 0}
    body |= {name: _FIELDS[name] for name in plain.fields}
    if await _succeeds(ask, body | _CONTINUE, lambda reply: text_of(reply).startswith("nople")):
        # Servers that ignore the flag and go on all the same get on with it, too.
        return "flag"
    if await _succeeds(ask, body, lambda reply: text_of(reply).startswith("nople")):
        return "plain"
    return ""


async def _ranks(model: str, limit: str, ask: Ask) -> bool:
    body = _hello(model, limit, "Answer with one letter, A or B.") | {"logprobs": True, "top_logprobs": RANKS}
    return await _succeeds(ask, body | {"temperature": 0}, _tells_ranks)


def _tells_ranks(reply: Any) -> bool:
    content = reply["choices"][0].get("logprobs", {}).get("content") or [{}]
    return len(content[0].get("top_logprobs") or []) > 1


async def _echoes(model: str, ask: Ask) -> bool:
    head, whole = "one two", "one two three four"
    body = {"model": model, "prompt": whole, "max_tokens": 1, "temperature": 0, "echo": True, "logprobs": 1}

    def shows(reply: Any) -> bool:
        return text_of(reply).startswith(whole) and echoed_log_probability(reply, head, whole) is not None

    return await _succeeds(ask, body, shows, "/completions")
