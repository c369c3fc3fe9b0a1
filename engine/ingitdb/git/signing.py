"""Signs commits and tags by the programs that git itself would call."""

import os
import re
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from ingitdb.errors import WriteError
from ingitdb.git.commit_settings import CommitSettings
from ingitdb.model.history import Signature

_CREATED = re.compile(rb"^\[GNUPG:\] SIG_CREATED ", re.MULTILINE)
_STATUS = "[GNUPG:]"
_WAY_OUT = "git config commit.gpgSign false commits without a signature."
_LITERAL = "key::"


class Signer:
    """Makes signatures.

    Args:
        settings: Which program signs, and with which key.
        folder: Where the program runs.
    """

    def __init__(self, settings: CommitSettings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder

    def signature(self, text: bytes, by: Signature) -> bytes:
        """Gives the signature of a text.

        Raises:
            WriteError: The program makes none; it has said why.
        """
        make = self._by_ssh if self._settings.format == "ssh" else self._by_gpg
        return make(text, by).replace(b"\r\n", b"\n")

    def _by_gpg(self, text: bytes, by: Signature) -> bytes:
        key = self._settings.key or f"{by.name} <{by.email}>"
        done = self._run([self._program, "--status-fd=2", "-bsau", key], text)
        if done.returncode or not _CREATED.search(done.stderr):
            raise _failed(done.stderr)
        return done.stdout

    def _by_ssh(self, text: bytes, _by: Signature) -> bytes:
        with TemporaryDirectory(prefix="ingitdb-signing-") as name:
            signed = Path(name) / ".git_signing_buffer_tmp"
            signed.write_bytes(text)
            key = self._ssh_key(Path(name))
            done = self._run([self._program, "-Y", "sign", "-n", "git", *key, str(signed)])
            made = signed.with_name(f"{signed.name}.sig")
            if done.returncode or not made.exists():
                raise _failed(done.stderr)
            return made.read_bytes()

    def _ssh_key(self, folder: Path) -> Sequence[str]:
        """Gives the words that name the key; one that stands in the settings becomes a file."""
        key = self._settings.key or self._default_key()
        if not key.startswith((_LITERAL, "ssh-")):
            return ("-f", _expanded(key))
        file = folder / ".git_signing_key_tmp"
        file.touch(mode=0o600)
        file.write_text(f"{key.removeprefix(_LITERAL)}\n", "utf-8")
        return ("-f", str(file))

    def _default_key(self) -> str:
        """Asks the configured command for a key.

        Raises:
            WriteError: There is none, or it gives no key.
        """
        command = self._settings.key_command
        if command is None:
            raise WriteError(
                "The commit cannot be signed: nothing says with which key.",
                hint=f"git config user.signingKey ~/.ssh/KEY.pub\n{_WAY_OUT}",
            )
        done = self._run(shlex.split(command))
        first = done.stdout.decode("utf-8", "replace").partition("\n")[0].strip()
        if done.returncode or not first:
            raise _failed(done.stderr or b"gpg.ssh.defaultKeyCommand gives no key.")
        return first

    @property
    def _program(self) -> str:
        return _expanded(self._settings.program)

    def _run(self, words: Sequence[str], data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                words, cwd=self._folder, input=data, capture_output=True, check=False
            )
        except OSError as error:
            raise WriteError(
                f"The commit cannot be signed: {words[0]}: {error.strerror or error}.",
                hint=_WAY_OUT,
            ) from error


def _expanded(path: str) -> str:
    return os.path.expanduser(path) if path.startswith("~") else path  # noqa: PTH111 - words too


def _failed(said: bytes) -> WriteError:
    lines = said.decode("utf-8", "replace").splitlines()
    told = "\n".join(line for line in lines if line and not line.startswith(_STATUS))
    return WriteError(
        f"The commit cannot be signed: {told or 'the program gave no reason.'}", hint=_WAY_OUT
    )
