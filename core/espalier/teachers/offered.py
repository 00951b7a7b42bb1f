"""The models that an endpoint offers, as far as it tells."""

from typing import Any

from espalier.errors import EspalierError
from espalier.teachers.endpoint import Endpoint
from espalier.teachers.keys import Key
from espalier.teachers.patience import Patience
from espalier.teachers.together import run
from espalier.teachers.wire import RefusedError, Wire

UNKNOWN_LENGTH = 1 << 20  # tokens; the endpoint itself refuses what is too long


def model_list(endpoint: Endpoint, key: Key | None, patience: Patience | None = None) -> list[str]:
    """Return the names of the models that an endpoint offers, [] when it tells none.

    Raises:
        EspalierError: it does not answer.
    """
    try:
        return [str(entry["id"]) for entry in _entries(Wire(endpoint, key, patience or Patience(tries=3)))]
    except RefusedError as error:
        if error.status == 404:
            raise EspalierError(
                f"{endpoint.url} has no list of models. Check the address; it often ends in /v1."
            ) from error
        raise


def context_length(wire: Wire, endpoint: Endpoint) -> int:
    """Return the most tokens of a prompt with its answer; vLLM, LM Studio and llama.cpp each have a name for it.

    Raises:
        EspalierError: the endpoint does not answer.
    """
    entry = next((entry for entry in _entries(wire) if entry["id"] == endpoint.model), {})
    meta = entry.get("meta")
    told = [entry.get("max_model_len"), entry.get("max_context_length"), isinstance(meta, dict) and meta.get("n_ctx")]
    return next((length for length in told if type(length) is int and length > 0), UNKNOWN_LENGTH)


def _entries(wire: Wire) -> list[dict[str, Any]]:
    async def main() -> list[dict[str, Any]]:
        async with wire.open():
            return await wire.ask(
                "/models", None, lambda reply: [{**entry, "id": entry["id"]} for entry in reply["data"] or []]
            )

    return run(main())
