"""The explicit list of what is published: nothing else ever leaves this machine.

A repository holds a PEFT adapter at its root, and a whole model too when nothing else is in it, because other programs
look there. Every other form has a folder of its own.
"""

import io
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from espalier.sharing.private import find_private
from espalier.sharing.token import Token

_TOKENIZER = (
    *("tokenizer.json", "tokenizer_config.json", "tokenizer.model", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.json", "merges.txt", "chat_template.jinja", "chat_template.json"),
)
_LEGAL = ("LICENSE", "LICENSE.txt", "LICENSE.md", "NOTICE", "NOTICE.txt", "USE_POLICY.md")
_MODEL = ("config.json", "generation_config.json", "model*.safetensors", "model.safetensors.index.json")
ALLOWED: Mapping[str, tuple[str, ...]] = {
    "peft": ("adapter_config.json", "adapter_model.safetensors", *_TOKENIZER, *_LEGAL),
    "mlx": ("adapter_config.json", "adapters.safetensors", *_TOKENIZER, *_LEGAL),
    "gguf": ("*.gguf", *_LEGAL),
    "ollama": ("Modelfile", "*.gguf", "README.md", *(f"model/{name}" for name in (*_MODEL, *_TOKENIZER)), *_LEGAL),
    "fused": (*_MODEL, *_TOKENIZER, *_LEGAL),
    "fused-4bit": (*_MODEL, *_TOKENIZER, *_LEGAL),
    "dataset": ("*.jsonl", "data/*.jsonl", *_LEGAL),
    "report": ("*.md", "*.html", "*.json", "*.jsonl", "*.csv", "*.svg", "*.png"),
}
_SETTINGS = (".json", ".jinja", "Modelfile")  # written by programs, which like to name folders
_LONGEST_HEADER = 100_000_000  # bytes, the format's own limit
_NO_TEXT = (".gguf", ".png", ".model")


@dataclass(frozen=True)
class Entry:
    """One file of a repository: a file of this machine, or a text.

    Attributes:
        path: in the repository, such as ``mlx/adapters.safetensors``.
        size: bytes.
    """

    path: str
    size: int
    file: Path | None = None
    text: str = ""


@dataclass(frozen=True)
class Bundle:
    """What would be published.

    Attributes:
        entries: by their paths.
        left_out: what lies beside it and stays here: links, hidden files, names that belong to no form.
        problems: sentences; none may be there when it is published.
    """

    entries: tuple[Entry, ...]
    left_out: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def bytes(self) -> int:
        """Return the size of everything."""
        return sum(entry.size for entry in self.entries)


def files_of(forms: Mapping[str, Path], texts: Mapping[str, str], token: Token | None = None) -> Bundle:
    """Return the list of a repository's files.

    Args:
        forms: folders of the forms by their names, those of `ALLOWED`.
        texts: further files by their paths, such as ``README.md``; they come before a form's own of that path.
        token: the one in the keychain, which may be in no file.
    """
    entries = {path: Entry(path, len(text.encode()), None, text) for path, text in texts.items()}
    left_out: list[str] = []
    places = _places(tuple(forms))
    for form, folder in forms.items():
        if folder.is_symlink():
            left_out.append(form)
            continue
        for relative, status in _walk(folder):
            path = places[form] + relative
            if not _is_allowed(form, relative) or not stat.S_ISREG(status.st_mode):
                left_out.append(f"{form}/{relative}")
            elif path not in entries:
                entries[path] = Entry(path, status.st_size, folder / relative)
    found = tuple(entries[path] for path in sorted(entries))
    return Bundle(found, tuple(left_out), tuple(problem for entry in found if (problem := _problem(entry, token))))


def _places(forms: tuple[str, ...]) -> dict[str, str]:
    at_root = {"peft", "dataset", *(forms if len(forms) == 1 and forms[0].startswith("fused") else ())}
    return {form: "" if form in at_root else f"{form}/" for form in forms}


def _walk(folder: Path, below: str = "") -> Iterator[tuple[str, os.stat_result]]:
    """Yield what lies in a folder, by name, without following a link; a hidden folder is not entered."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode) and not entry.name.startswith("."):
            yield from _walk(folder / entry.name, f"{below}{entry.name}/")
        else:
            yield below + entry.name, status


def _is_allowed(form: str, relative: str) -> bool:
    parts = relative.split("/")
    return not any(part.startswith(".") for part in parts) and any(
        len(parts) == len(wanted) and all(fnmatchcase(part, name) for part, name in zip(parts, wanted, strict=True))
        for wanted in (pattern.split("/") for pattern in ALLOWED[form])
    )


def _problem(entry: Entry, token: Token | None) -> str:
    """Return what may not be published in a file, as a sentence; "" when it may."""
    text = entry.text if entry.file is None else _words(entry.file)
    if token and token.reveal() in text:
        return f"{entry.path} holds your own Hugging Face token. Take it out where it comes from, and try again."
    for found in find_private(text):
        if found.is_secret:
            return (
                f"{entry.path} holds what looks like {found.kind} ({found.masked}). "
                "Take it out where it comes from, and try again."
            )
        if entry.path.endswith((*_SETTINGS, ".safetensors")):
            return (
                f"{entry.path} names a folder of this computer ({found.text}). "
                "Take it out where it comes from, and try again."
            )
    return ""


def _words(file: Path) -> str:
    """Return the text in a file: all of it, the header of weights, or none."""
    if file.suffix in _NO_TEXT:
        return ""
    with open_plain(file) as opened:
        content = _header(opened) if file.suffix == ".safetensors" else opened.readall()
    return (content or b"").decode("utf-8", "replace")


def _header(opened: io.FileIO) -> bytes:
    """Return the JSON that begins a file of safetensors: a length of eight bytes, then so many."""
    size = int.from_bytes((opened.read(8) or b"")[:8], "little")
    return opened.read(min(size, _LONGEST_HEADER)) or b""


def open_plain(file: Path) -> io.FileIO:
    """Open a file to read it, without following a link that took its place.

    Raises:
        OSError: it is a link, or is gone.
    """
    return io.FileIO(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC))
