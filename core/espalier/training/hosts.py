"""The Macs that train together, as the hostfile of ``mlx.launch`` names them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from espalier.errors import EspalierError

BACKENDS = ("ring", "mpi", "jaccl", "jaccl-ring")  # of MLX; nccl is none of a Mac's
HERE = "127.0.0.1"  # the one name for which mlx.launch starts a rank without ssh
_OWN_NAMES = ("localhost", "::1", HERE)


@dataclass(frozen=True)
class Hosts:
    """The Macs of one training, each as often as it shall run a part of it.

    Attributes:
        names: under which ``ssh`` reaches them, rank by rank; the first is this Mac, whatever it is called.
        backend: how MLX lets them talk: ring (over any network), mpi, jaccl or jaccl-ring (over Thunderbolt 5).
        content: of the hostfile for ``mlx.launch``, with this Mac under the name that needs no ssh.
    """

    names: tuple[str, ...]
    backend: str
    content: dict[str, Any]


def read_hosts(path: Path) -> Hosts:
    """Return the Macs that a hostfile names.

    The file is that of ``mlx.launch``: a JSON list of ``{"ssh": NAME, "ips": [ADDRESS, …]}``, or an object with that
    list as ``hosts``, and with ``backend`` and ``envs`` where they are wanted.

    Raises:
        EspalierError: it cannot be read, or names no Macs.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EspalierError(f"The hostfile {path} cannot be read: {error.strerror}. Check its name.") from error
    except ValueError as error:
        raise EspalierError(
            f"The hostfile {path} is not JSON: {error}. `mlx.distributed_config` writes one."
        ) from error
    content = found if isinstance(found, dict) else {"hosts": found}
    hosts = content.get("hosts")
    if (
        not isinstance(hosts, list)
        or not hosts
        or not all(isinstance(host, dict) and host.get("ssh") for host in hosts)
    ):
        raise EspalierError(f"The hostfile {path} names no Macs. Write a list in which each has “ssh” and “ips”.")
    backend = str(content.get("backend") or "ring")
    if backend not in BACKENDS:
        raise EspalierError(f"The hostfile {path} asks for “{backend}”. Choose one of {', '.join(BACKENDS)}.")
    lacking = [str(host["ssh"]) for host in hosts if not host.get("ips")]
    if backend == "ring" and lacking:
        raise EspalierError(
            f"The hostfile {path} has no “ips” for {lacking[0]}. The ring needs an address of each Mac."
        )
    named = [{**host, "ssh": HERE if host["ssh"] in _OWN_NAMES else str(host["ssh"])} for host in hosts]
    for host in named:
        host["ips"] = [HERE if address in _OWN_NAMES else str(address) for address in host.get("ips", [])]
    names = tuple(str(host["ssh"]) for host in named)
    named[0]["ssh"] = HERE
    return Hosts(names, backend, {**content, "backend": backend, "hosts": named})
