"""One model behind an OpenAI-compatible endpoint of this computer: mlx-lm's server, held to what a person chose.

mlx-lm's own would load any model or adapter that a request names, list the whole download cache, and let every web
page read its answers. Here there is one model, whatever a request calls it, and only this computer is heard.
"""

import errno
import json
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import mlx.core as mx
from mlx.utils import tree_flatten
from mlx_lm.models.cache import LRUPromptCache, make_prompt_cache
from mlx_lm.server import APIHandler, ModelProvider, ResponseGenerator

from espalier.errors import EspalierError
from espalier.metal.model import MlxModel

HOST = "127.0.0.1"
_LOCAL = ("127.0.0.1", "localhost", "::1")
_CACHES = 10  # conversations whose beginnings are kept
_ARGUMENTS = Namespace(  # of mlx-lm's command line; the values that are not its own defaults are said
    model=None,
    adapter_path=None,
    draft_model=None,
    num_draft_tokens=0,
    trust_remote_code=False,
    chat_template="",
    use_default_chat_template=False,
    chat_template_args={"enable_thinking": False},  # as the panes ask
    allowed_origins=[],  # its default lets every web page read the answers
    temp=0.0,
    top_p=1.0,
    top_k=0,
    min_p=0.0,
    max_tokens=512,
    decode_concurrency=32,
    prompt_concurrency=8,
    prefill_step_size=2048,
    prompt_cache_size=_CACHES,
    prompt_cache_bytes=None,
    kv_bits=None,
    kv_group_size=64,
    quantized_kv_start=5000,
    pipeline=False,
)


class _OneModel(ModelProvider):  # type: ignore[misc]
    """The model that was chosen, for every request."""

    def __init__(self, student: MlxModel, name: str) -> None:
        super().__init__(_ARGUMENTS)
        mx.eval([value for _, value in tree_flatten(student.model.parameters())])  # before another thread uses them
        self.virtual = list(student.virtual)
        self.model, self.tokenizer, self.model_key = student.model, student.tokenizer, (name, None, None)
        self.is_batchable = student.batches and all(hasattr(c, "merge") for c in make_prompt_cache(student.model))

    def load(self, *_: Any) -> tuple[Any, Any]:
        """Return the model, whatever a request named."""
        return self.model, self.tokenizer

    load_default = load

    def reset(self) -> None:
        """Keep the model."""


class _Answers(ResponseGenerator):  # type: ignore[misc]
    """Writes answers, with the model's soft prompt before each conversation."""

    def _tokenize(self, tokenizer: Any, request: Any, args: Any) -> Any:
        prompt, segments, *rest = super()._tokenize(tokenizer, request, args)
        virtual = self.model_provider.virtual
        return [*virtual, *prompt], [[*virtual, *segments[0]], *segments[1:]], *rest


class _Handler(APIHandler):  # type: ignore[misc]
    """Requests of this computer's own programs."""

    def parse_request(self) -> bool:
        """Refuse what a web page sent: by its origin, or by a name that leads here from elsewhere."""
        if not super().parse_request():
            return False
        host = urlsplit(f"//{self.headers.get('Host', HOST)}").hostname
        origin = self.headers.get("Origin")
        if host in _LOCAL and (origin is None or urlsplit(origin).hostname in _LOCAL):
            return True
        self.send_error(403, "Only programs of this computer are answered.")
        return False

    def handle_models_request(self) -> None:
        """List the one model."""
        name = self.response_generator.model_provider.model_key[0]
        body = {"object": "list", "data": [{"id": name, "object": "model", "created": self.created}]}
        self._set_completion_headers(200)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: Any) -> None:
        """Keep quiet: what is asked is nobody else's business."""


def serve(student: MlxModel, name: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Answer requests until the process is told to stop.

    Args:
        student: with what was trained on it.
        name: of the model for clients.
        port: 0 for any that is free.
        on_ready: told the address, such as ``http://127.0.0.1:8080/v1``, once requests are heard.

    Raises:
        EspalierError: the port cannot be used.
    """
    try:
        server = ThreadingHTTPServer((HOST, port), _Handler)
    except (OSError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise EspalierError(
                f"The port {port} is taken by another program. Choose another with --port, or 0 for any that is free."
            ) from error
        raise EspalierError(
            f"The port {port} cannot be used. Choose another with --port, or 0 for any that is free."
        ) from error
    answers = _Answers(_OneModel(student, name), LRUPromptCache(_CACHES))
    server.RequestHandlerClass = partial(_Handler, answers)
    try:
        on_ready(f"http://{HOST}:{server.server_port}/v1")
        server.serve_forever()
    finally:
        server.server_close()
        answers.stop_and_join()
