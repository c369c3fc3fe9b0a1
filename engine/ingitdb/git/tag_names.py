"""Makes and drops tags, plain ones and such with a message."""

from ingitdb.errors import RefNotFound, nearest_names
from ingitdb.git.commit_settings import CommitSettings, commit_settings
from ingitdb.git.commit_text import signed_by
from ingitdb.git.hooks import Hooks
from ingitdb.git.layout import Layout
from ingitdb.git.process import Git
from ingitdb.git.ref_moves import SYNCED, RefMoves, alone
from ingitdb.git.ref_names import check_room, check_tag_name
from ingitdb.git.signing import Signer
from ingitdb.model.history import Signature
from ingitdb.model.identifiers import CommitId

_TAGS = "refs/tags/"


class TagNames:
    """The tags of one repository, as names that come and go."""

    def __init__(self, git: Git, layout: Layout) -> None:
        self._git = git
        self._layout = layout

    def all(self) -> dict[str, str]:
        """Gives the tags with what they name: a commit, or an object with a message."""
        lines = self._git.run("for-each-ref", "--format=%(objectname) %(refname)", _TAGS).text
        pairs = (line.split(" ", 1) for line in lines.splitlines())
        return {ref.removeprefix(_TAGS): found for found, ref in pairs}

    def check(self, name: str) -> None:
        """Returns if there is room for a tag.

        Raises:
            WriteError: The name is taken, or git does not allow it.
        """
        check_tag_name(self._git, name)
        check_room("tag", name, self.all())

    def create(self, name: str, at: CommitId) -> None:
        """Makes a plain tag.

        Raises:
            WriteError: The name is taken, or git does not allow it.
        """
        self.check(name)
        self._set(name, at, commit_settings(self._git))

    def annotate(self, name: str, at: CommitId, message: str, tagger: Signature) -> None:
        """Makes a tag with a message, signed if `tag.gpgSign` says so.

        Raises:
            WriteError: The name is taken, git does not allow it, or it cannot be signed.
        """
        self.check(name)
        settings = commit_settings(self._git)
        headers = f"object {at}\ntype commit\ntag {name}\ntagger {signed_by(tagger)}\n"
        body = message.strip("\n").replace("\0", "\ufffd")
        text = f"{headers}\n{body}\n".encode("utf-8", "replace")
        if settings.signs_tags:
            signer = Signer(settings, self._layout.work_tree or self._layout.git_dir)
            text += signer.signature(text, tagger)
        made = self._git.run(*SYNCED, "mktag", data=text).text
        self._set(name, made, settings)

    def drop(self, name: str) -> str:
        """Removes a tag; gives what it named.

        Raises:
            RefNotFound: There is none of that name.
        """
        known = self.all()
        if name not in known:
            raise RefNotFound(
                name, message=f"There is no tag {name!r}.", hint=nearest_names(name, known)
            )
        with alone(self._layout):
            self._moves(commit_settings(self._git)).drop(_TAGS + name, known[name])
        return known[name]

    def _set(self, name: str, made: str, settings: CommitSettings) -> None:
        with alone(self._layout):
            self._moves(settings).move(_TAGS + name, made, None, f"tag: {name}")

    def _moves(self, settings: CommitSettings) -> RefMoves:
        return RefMoves(self._git, self._layout, Hooks(self._layout, settings).options)
