"""The Modelfile that makes a model of Ollama's: what it is made from, how a conversation is written, where it ends.

Ollama takes a template in Go's words. Of each family of templates it is known here how its turns are written; the
family is found by writing the same conversation with the student's own template, never by name.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from espalier.language import Message

Around = tuple[str, str]
"""What stands before and after a text."""


@dataclass(frozen=True)
class Family:
    """How a family of chat templates writes a conversation.

    Attributes:
        system: around the system message.
        user: around a request.
        answer: around an answer.
        opening: what a new answer begins with, after ``answer``'s first part.
        is_inside: the system message stands inside the first request.
    """

    system: Around
    user: Around
    answer: Around
    opening: str = ""
    is_inside: bool = False

    def render(self, messages: Sequence[Message]) -> str:
        """Return a conversation up to where the next answer begins."""
        parts = []
        given = "".join(self.system[0] + each.content + self.system[1] for each in messages if each.role == "system")
        if given and not self.is_inside:
            parts.append(given)
        for message in messages:
            if message.role == "user":
                before = self.user[0] + (given if self.is_inside else "")
                given = ""
                parts.append(f"{before}{message.content}{self.user[1]}")
            elif message.role == "assistant":
                parts.append(self.answer[0] + message.content + self.answer[1])
        return "".join([*parts, self.answer[0].rstrip(" "), self.opening])  # a space belongs to the first word

    def template(self) -> str:
        """Return the template of one request with its answer, as Ollama repeats it for each turn."""
        system = "{{ if .System }}" + self.system[0] + "{{ .System }}" + self.system[1] + "{{ end }}"
        request = self.user[0] + (system if self.is_inside else "") + "{{ .Prompt }}" + self.user[1]
        answer = self.answer[0] + self.opening + "{{ .Response }}" + self.answer[1]
        return ("" if self.is_inside else system) + request + answer

    @property
    def stop(self) -> str:
        """Return what ends an answer."""
        return self.answer[1].strip()


def _marked(begin: str, end: str, opening: str = "") -> Family:
    """Return the family that writes every turn alike, with the role where ``begin`` has braces."""
    user, answer = (begin.format(role) for role in ("user", "assistant"))
    return Family((begin.format("system"), end), (user, end), (answer, end), opening)


FAMILIES = (
    _marked("<|im_start|>{}\n", "<|im_end|>\n"),  # ChatML
    _marked("<|im_start|>{}\n", "<|im_end|>\n", "<think>\n\n</think>\n\n"),  # Qwen 3 that does not think
    _marked("<|start_header_id|>{}<|end_header_id|>\n\n", "<|eot_id|>"),  # Llama 3
    _marked("<|start_of_role|>{}<|end_of_role|>", "<|end_of_text|>\n"),  # Granite 3
    _marked("<|{}|>\n", "<|end|>\n"),  # Phi 3
    _marked("<|{}|>\n", "</s>\n"),  # Zephyr
    Family(
        ("", "\n\n"),
        ("<start_of_turn>user\n", "<end_of_turn>\n"),
        ("<start_of_turn>model\n", "<end_of_turn>\n"),
        is_inside=True,
    ),
    Family(("", "\n\n"), ("[INST] ", "[/INST]"), (" ", "</s>"), is_inside=True),  # Mistral
    Family(("", "\n\n"), ("[INST] ", " [/INST]"), ("", "</s>"), is_inside=True),
)
_PROBE = (Message("user", "high?"), Message("assistant", "so"), Message("user", "wide?"))


def find_family(render: Callable[[Sequence[Message]], str]) -> tuple[Family, str] | None:
    """Return the family that writes conversations as a template does, and its usual system message; None without one.

    Args:
        render: writes a conversation with the template, up to where the next answer begins.
    """
    for family in FAMILIES:
        if any(_without_start(render(turns), family.render(turns)) is None for turns in (_PROBE, _PROBE[:1])):
            continue
        found = _without_start(render(_PROBE[:1]), family.render(_PROBE[:1])) or ""
        before, after = family.system
        if family.is_inside or not (before in found and found.endswith(after)):
            return family, ""
        return family, found.partition(before)[2].removesuffix(after)
    return None


def _without_start(text: str, ending: str) -> str | None:
    """Return what stands before an ending (the beginning of text, a system message), None where it is no ending."""
    return text.removesuffix(ending) if text.endswith(ending) else None


_LIBRARY: Mapping[str, str] = {
    r"HuggingFaceTB/SmolLM2-([\d.]+[MB])-Instruct": "smollm2:{}-instruct-fp16",
    r"Qwen/Qwen2\.5-([\d.]+B)-Instruct": "qwen2.5:{}-instruct-fp16",
    r"Qwen/Qwen3-([\d.]+B)": "qwen3:{}-fp16",
    r"meta-llama/Llama-3\.2-([13]B)-Instruct": "llama3.2:{}-instruct-fp16",
    r"meta-llama/(?:Meta-)?Llama-3\.1-(8B)-Instruct": "llama3.1:{}-instruct-fp16",
    r"google/gemma-2-(2b|9b|27b)-it": "gemma2:{}-instruct-fp16",
    r"google/gemma-3-(270m|1b)-it": "gemma3:{}-it-fp16",
    r"mistralai/Mistral-(7B)-Instruct-v0\.3": "mistral:{}-instruct-v0.3-fp16",
}


def library_name(base: str) -> str:
    """Return the name that a public model has in Ollama's library in 16 bits, "" where it is not known here."""
    for pattern, name in _LIBRARY.items():
        if found := re.fullmatch(pattern, base):
            return name.format(found[1].lower())
    return ""


IMPORTED = ("llama", "mistral", "mixtral", "gemma", "gemma2", "gemma3_text", "phi3", "qwen2", "qwen3", "cohere")
"""Kinds of model that Ollama makes its own of from a folder of safetensors."""


def whole_refusal(kind: str) -> str:
    """Return why Ollama cannot take a whole model of a kind, "" where it can."""
    if kind in IMPORTED:
        return ""
    return f"Ollama takes no model of the kind {kind} from a folder. Share the whole model instead."


def modelfile(
    source: str, adapter: str, family: Family | None, system: str = "", stops: Sequence[str] = (), licence: str = ""
) -> str:
    """Return the text of a Modelfile.

    Args:
        source: name of a model of Ollama's, or a folder beside the file.
        adapter: a GGUF file beside it, "" where the source is the whole model.
        family: how conversations are written; None leaves it to Ollama.
        system: the system message where a person gives none.
        stops: texts that end an answer.
        licence: of the source.
    """
    lines = [_line("FROM", source)]
    if adapter:
        lines.append(_line("ADAPTER", f"./{adapter}"))
    if family:
        lines.append(_line("TEMPLATE", _quoted(family.template())))
    if system:
        lines.append(_line("SYSTEM", _quoted(system)))
    ends = dict.fromkeys([*([family.stop] if family else []), *stops])
    lines += [_line("PARAMETER", f"stop {json.dumps(stop, ensure_ascii=False)}") for stop in ends if stop.strip()]
    if licence.strip():
        lines.append(_line("LICENSE", _quoted(licence.strip())))
    return "\n".join(lines) + "\n"


def _line(word: str, value: str) -> str:
    return f"{word} {value}"


def _quoted(text: str) -> str:
    return '"""' + text.replace('"""', '" " "') + '"""'
