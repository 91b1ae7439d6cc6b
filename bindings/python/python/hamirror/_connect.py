"""The short way to a client."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Literal

from ._native import Client, Config

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from typing_extensions import Unpack

    from ._options import ClientOptions


def connect(
    config: str | os.PathLike[str] | Config | None = None,
    /,
    *,
    agents: Mapping[str, str | Iterable[str]] | None = None,
    reading: Literal["strict", "sphinx", "manticore"] = "strict",
    status_socket: str | os.PathLike[str] | None = None,
    **options: Unpack[ClientOptions],
) -> Client:
    """Makes a client of a configuration, or of agents; nothing is connected before its first call.

    What is odd in a file is logged as a warning of the logger "hamirror", and so is a host that
    was found dead: see `Client`.

    Parameters
    ----------
    config : path or Config, optional
        A file such as `sphinx.conf`, or what `Config` has read.
    agents : mapping of str to str or iterable of str, optional
        Agents by the name of their distributed index, in place of a configuration:
        `{"dist": ["box1:9312|box2:9312:shard1", "box3:9312:shard2"]}`.
    reading : "strict", "sphinx" or "manticore", default "strict"
        By whose rules a file is read.
    status_socket : path, optional
        Where this client tells other processes of this user what it knows, for
        `hamirror.status.shared`: the beginning of the names of unix sockets, `PATH.PID-TOKEN`.
        Each process has its own, forked children too, and a thread of its own for it.
    **options
        Those of `ClientOptions`.

    Returns
    -------
    Client
        To be closed, as by `with`.

    Raises
    ------
    TypeError
        Neither or both of `config` and `agents` are given.
    ConfigError, ResourceError
        The configuration was refused, or can't be read, or the socket can't be made.
    """
    if (config is None) == (agents is None):
        raise TypeError("connect() takes a configuration or agents, one of them")
    if agents is not None:
        sections = {index: {"agent": lines} for index, lines in agents.items()}
        return _made(Config.build(sections, reading=reading), status_socket, options)
    if not isinstance(config, Config):
        assert config is not None
        config = Config.read(config, reading=reading)
        for warning in config.warnings:
            logging.getLogger("hamirror").warning("%s", warning)
    return _made(config, status_socket, options)


def _made(
    config: Config, status_socket: str | os.PathLike[str] | None, options: ClientOptions
) -> Client:
    client = Client(config, **options)
    if status_socket is not None:
        # Few programs need it, and the modules that it takes.
        from ._shared import share

        share(client, status_socket)
    return client
