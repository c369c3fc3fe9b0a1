"""Commits and tags are signed as git's configuration says; git verifies what comes of it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ingitdb.errors import RepositoryError, WriteError
from ingitdb.git.repository import Repository
from ingitdb.model.identifiers import CommitId
from tests.compat.git.test_branch_writer import DESK, sound, wanted
from tests.support.repositories import RepoBuilder

FAKE_GPG = """#!/bin/sh
# As git's own tests have it: a program that makes and knows a signature without any key.
case " $* " in
*" --verify "*) echo "[GNUPG:] GOODSIG 0 $(cat "{folder}/key")"; echo "[GNUPG:] TRUST_FULLY 0" ;;
*)
  for key in "$@"; do :; done
  printf '%s' "$key" > "{folder}/key"
  cat > "{folder}/text"
  printf '%s\\r\\n' '-----BEGIN PGP SIGNATURE-----' '' 'abc' '-----END PGP SIGNATURE-----'
  echo "[GNUPG:] SIG_CREATED D 1 8 00 1 ABC" >&2 ;;
esac
"""


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A key of ssh without a passphrase."""
    file = tmp_path / "desk key"
    options = ("-q", "-t", "ed25519", "-N", "", "-C", "data@example.org")
    subprocess.run(["ssh-keygen", *options, "-f", file], check=True)
    return file


def by_ssh(repo: RepoBuilder, key: Path, signing_key: str) -> None:
    allowed = key.with_name("allowed")
    allowed.write_text(f"data@example.org {key.with_name(key.name + '.pub').read_text()}")
    repo.config(
        gpg__format="ssh",
        user__signingKey=signing_key,
        gpg__ssh__allowedSignersFile=str(allowed),
        commit__gpgSign="true",
    )


def commit(repo: RepoBuilder, text: str = "age: 5\n") -> str:
    with Repository.open(repo.path) as opened:
        files = {"people/ann.yaml": text.encode()}
        made = opened.writer().commit(wanted(opened.head().commit, files, "Sign\n\nthis."))
    assert made is not None
    sound(repo)
    return made


def test_by_ssh(built: RepoBuilder, key: Path) -> None:
    by_ssh(built, key, str(key))
    made = commit(built)
    verified = built.run("verify-commit", "-v", made)
    assert b'Good "git" signature for data@example.org' in verified.stderr
    assert built.git("log", "-1", "--format=%G?|%GS|%B", made) == "G|data@example.org|Sign\n\nthis."
    raw = built.git("cat-file", "commit", made)
    assert raw.count("\ngpgsig -----BEGIN SSH SIGNATURE-----\n ") == 1
    assert "Good" in built.git("log", "-1", "--show-signature", made)


def test_by_ssh_with_a_key_in_the_settings(
    built: RepoBuilder, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = subprocess.run(["ssh-agent", "-s"], capture_output=True, text=True, check=True)
    found = dict(part.split("=", 1) for part in started.stdout.replace("\n", "").split(";")
                 if part.startswith("SSH_"))  # fmt: skip
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    try:
        subprocess.run(["ssh-add", "-q", key], check=True)
        public = key.with_name(f"{key.name}.pub").read_text().strip()
        for literal in (f"key::{public}", public):
            by_ssh(built, key, literal)
            assert built.git("log", "-1", "--format=%G?", commit(built, literal)) == "G"
        built.git("config", "--unset", "user.signingKey")
        built.config(gpg__ssh__defaultKeyCommand=f"echo '{public}'")
        assert built.git("log", "-1", "--format=%G?", commit(built, "other")) == "G"
    finally:
        os.kill(int(found["SSH_AGENT_PID"]), 15)


def test_tags(built: RepoBuilder, key: Path) -> None:
    by_ssh(built, key, str(key))
    with Repository.open(built.path) as opened:
        tip = opened.resolve_default()
        opened.tag_names().annotate("plain", tip, "Plain", DESK)
        built.config(tag__gpgSign="true")
        opened.tag_names().annotate("signed", tip, "Signed\n\nthis.", DESK)
        assert {tag.name: tag.message for tag in opened.tags()} == {
            "plain": "Plain",
            "signed": "Signed\n\nthis.",
        }
    assert b"Good" in built.run("verify-tag", "signed").stderr
    assert built.run("verify-tag", "plain", check=False).returncode
    sound(built)


def test_other_object_names(tmp_path: Path, key: Path) -> None:
    repo = RepoBuilder(tmp_path / "data", "--object-format=sha256")
    repo.commit({"people/ann.yaml": "age: 1\n"})
    by_ssh(repo, key, str(key))
    made = commit(repo)
    assert "\ngpgsig-sha256 -----BEGIN" in repo.git("cat-file", "commit", made)
    assert repo.git("log", "-1", "--format=%G?", made) == "G"


@pytest.fixture
def gpg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of gpg with one key."""
    if shutil.which("gpg") is None:
        pytest.skip("there is no gpg; the program that is set stands for it")
    home = Path(tempfile.mkdtemp(prefix="igd-"))  # a socket's path must be short
    monkeypatch.setenv("GNUPGHOME", str(home))
    person = "Data Desk <data@example.org>"
    options = ("--batch", "--quiet", "--passphrase", "", "--quick-generate-key", person)
    subprocess.run(["gpg", *options, "ed25519", "sign"], check=True, capture_output=True)
    yield home
    subprocess.run(["gpgconf", "--kill", "all"], check=False)
    shutil.rmtree(home)


def test_by_gpg(built: RepoBuilder, gpg: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built.config(commit__gpgSign="yes")
    around = {**built.environment, "GNUPGHOME": str(gpg)}
    for key in (None, "data@example.org"):
        if key is not None:
            built.config(user__signingKey=key)
        made = commit(built, f"age: {key}\n")
        done = subprocess.run(
            ["git", "verify-commit", made], cwd=built.path, env=around, capture_output=True
        )
        assert b"Good signature from" in done.stderr, done.stderr
        assert done.returncode == 0
    built.config(user__signingKey="nobody@example.org")
    with pytest.raises(WriteError, match="No secret key"):
        commit(built)


@pytest.mark.parametrize("setting", ["gpg.program", "gpg.openpgp.program", "gpg.x509.program"])
def test_the_program_that_is_set(built: RepoBuilder, tmp_path: Path, setting: str) -> None:
    program = tmp_path / "fake gpg"
    program.write_text(FAKE_GPG.format(folder=tmp_path))
    program.chmod(0o755)
    built.git("config", setting, str(program))
    built.git("config", "commit.gpgSign", "1")
    if "x509" in setting:
        built.config(gpg__format="x509")
    made = commit(built)
    raw = built.git("cat-file", "commit", made)
    head, _, message = raw.partition("\n\n")
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n abc\n -----END PGP SIGNATURE-----"
    assert head.endswith(signature)
    assert (tmp_path / "key").read_text() == "Data Desk <data@example.org>"
    signed = (tmp_path / "text").read_text()
    assert signed == f"{head.removesuffix(signature)}\n{message}\n"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"gpg__program": "/nowhere/gpg"}, "/nowhere/gpg: No such file"),
        ({"gpg__program": "false"}, "gave no reason"),
        ({"gpg__program": "true"}, "gave no reason"),
        ({"gpg__format": "ssh"}, "nothing says with which key"),
        ({"gpg__format": "ssh", "user__signingKey": "/nowhere/key"}, "/nowhere/key"),
        ({"gpg__format": "ssh", "gpg__ssh__defaultKeyCommand": "true"}, "gives no key"),
    ],
)
def test_what_cannot_be_signed_is_not_written(
    built: RepoBuilder, settings: dict[str, str], said: str
) -> None:
    built.config(commit__gpgSign="true", **settings)
    before = built.tip()
    with pytest.raises(WriteError, match=said) as caught:
        commit(built)
    assert "commit.gpgSign false" in str(caught.value.hint)
    assert built.tip() == before
    assert not list((built.path / ".git" / "objects" / "pack").iterdir())


def test_settings_that_are_wrong(built: RepoBuilder) -> None:
    built.config(gpg__format="pem")
    with pytest.raises(RepositoryError, match=r"gpg\.format cannot be 'pem'"):
        commit(built)
    built.config(gpg__format="openpgp", commit__gpgSign="perhaps")
    with pytest.raises(RepositoryError, match=r"commit\.gpgsign cannot be 'perhaps'"):
        commit(built)


TRAILERS = [
    ("Change", [("Reviewed-by", "Fares Desk <fares@example.org>")]),
    ("Change\n\nBody: of it\nmore\n", [("Ticket", "12"), ("Ticket", "13")]),
    ("Change\n\nSigned-off-by: A <a@example.org>", [("Signed-off-by", "A <a@example.org>")]),
    ("Change\n\nnot a patch\n", [("Note", "two\nlines")]),
    ("x: y", [("Note", "ø 'quoted'")]),
]


@pytest.mark.parametrize(("message", "trailers"), TRAILERS)
def test_trailers(built: RepoBuilder, message: str, trailers: list[tuple[str, str]]) -> None:
    built.write("people/ann.yaml", "age: 5\n")
    built.git("add", "--all")
    words = [w for k, v in trailers for w in ("--trailer", f"{k}: " + v.replace("\n", "\n "))]
    built.git("commit", "--quiet", "-m", message, *words)
    by_git = built.git("log", "-1", "--format=%B")
    parsed = built.git("log", "-1", "--format=%(trailers)")
    built.git("reset", "--quiet", "--hard", "HEAD~1")
    with Repository.open(built.path) as opened:
        given = wanted(CommitId(built.tip()), {"people/ann.yaml": b"age: 5\n"}, message)
        made = opened.writer().commit(replace(given, trailers=trailers))
    assert built.git("log", "-1", "--format=%B", str(made)) == by_git
    assert built.git("log", "-1", "--format=%(trailers)", str(made)) == parsed != ""


def test_a_trailer_that_git_cannot_read(built: RepoBuilder) -> None:
    given = wanted(built.tip(), {"people/ann.yaml": b"age: 5\n"})
    bad = replace(given, trailers=[("Reviewed by", "x")])
    with Repository.open(built.path) as opened, pytest.raises(WriteError, match="Reviewed by"):
        opened.writer().commit(bad)


def test_dashes_in_a_message_end_nothing(built: RepoBuilder) -> None:
    given = wanted(built.tip(), {"people/ann.yaml": b"age: 5\n"}, "Change\n\n---\nmore")
    with Repository.open(built.path) as opened:
        opened.writer().commit(replace(given, trailers=[("Note", "x")]))
    assert built.git("log", "-1", "--format=%B") == "Change\n\n---\nmore\n\nNote: x"


def test_nothing_is_signed_unasked(built: RepoBuilder) -> None:
    made = commit(built)
    assert "gpgsig" not in built.git("cat-file", "commit", made)
    assert built.git("log", "-1", "--format=%an|%ae", made) == f"{DESK.name}|{DESK.email}"
