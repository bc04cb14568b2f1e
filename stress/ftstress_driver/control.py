"""The control channel: JSON objects, one a line, both ways, over the runner's socket."""

import json
import os
import socket
from typing import Any

from .contract import ENV_CONTROL

Message = dict[str, Any]


class Control:
    """The zygote's end. Reading never blocks: poll `fileno()` first."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(True)
        os.set_inheritable(descriptor, False)
        self._buffer = b""
        self.closed = False

    @classmethod
    def from_environment(cls) -> "Control":
        """Raises ValueError with a message for the user when the variable is missing or wrong."""
        text = os.environ.pop(ENV_CONTROL, None)
        if text is None:
            raise ValueError(f"{ENV_CONTROL} is not set: the zygote is started by the runner")
        try:
            return cls(int(text))
        except (ValueError, OSError) as error:
            raise ValueError(f"{ENV_CONTROL}={text} is not an open socket: {error}") from error

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, op: str, **fields: object) -> None:
        """The runner's end being gone is noticed by receive(), not here."""
        line = json.dumps({"op": op, **fields}).encode() + b"\n"
        try:
            self._socket.sendall(line)
        except (BrokenPipeError, ConnectionResetError):
            self.closed = True

    def receive(self) -> list[Message]:
        """What has come, after one read; sets `closed` when the runner is gone."""
        try:
            data = self._socket.recv(1 << 20)
        except (ConnectionResetError, BrokenPipeError):
            data = b""
        if not data:
            self.closed = True
            return []
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        return [json.loads(line) for line in lines if line.strip()]

    def close(self) -> None:
        self._socket.close()
