"""The server's certificate and its key, read from their files, again when they change."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from ingitdb.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFiles:
    """Where certificate and key lie, both as PEM.

    Attributes:
        certificate: The certificate, with those between it and the authority's.
        key: Its key, without a password.
    """

    certificate: Path
    key: Path

    def read(self) -> list[tuple[bytes, bytes]]:
        """Reads both.

        Raises:
            UsageError: They cannot be read, or do not belong together.
        """
        try:
            found = self.certificate.read_bytes(), self.key.read_bytes()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate, self.key, password=_no_password)
        except ssl.SSLError as error:
            reason = error.reason or "no PEM"
            raise UsageError(
                f"{self.certificate} and {self.key} are no certificate and its key ({reason})."
            ) from error
        except (OSError, ValueError) as error:
            said = getattr(error, "strerror", None) or error
            place = getattr(error, "filename", None) or self.key
            raise UsageError(f"{place} cannot be read: {said}.") from error
        return [found]


def _no_password() -> str:
    raise ValueError("the key is locked with a password, which a server has nobody to ask for")
