"""A PostgreSQL or a Redis for the tests of one process."""

import os
import subprocess
from pathlib import Path
from types import TracebackType

import pytest

SCRIPT = Path(__file__).parents[1] / "server.sh"
NOT_INSTALLED = 77


class Server:
    """One that ends with this process at the latest. Where none is installed, the test is skipped; in CI it fails."""

    def __init__(self, kind: str) -> None:
        self.process = subprocess.Popen(
            ["sh", str(SCRIPT), kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        if self.process.stdout.readline() != "ready\n":
            _, said = self.process.communicate()
            if self.process.returncode == NOT_INSTALLED and not os.environ.get("CI"):
                pytest.skip(said)
            pytest.fail(said)

    def __enter__(self) -> "Server":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _, said = self.process.communicate()
        assert self.process.returncode == 0, said

    def ask(self, line: str) -> str:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "the server has ended"
        return answer.strip()

    def fresh(self) -> str:
        """The URL of an empty store, with a password."""
        return self.ask("fresh")

    def stop(self) -> None:
        """Ends the server."""
        self.ask("stop")

    def restart(self) -> None:
        """Starts it again, with what it had kept."""
        self.ask("start")
