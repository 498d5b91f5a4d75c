"""Which files may be read: inside the allowed folders, no secrets, nothing but regular files.

A path is resolved first and judged afterwards; opening walks from the allowed folder down without
following a link, so what is read is what was judged, whoever changes the tree meanwhile.
"""

from __future__ import annotations

import errno
import fnmatch
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mimo.config import limits
from mimo.config.errors import InvalidRequest, NotFound

#: Names of files that hold keys or passwords; upper and lower case are the same.
SECRET_NAMES = (
    *(".env", ".env.*", "*.env", ".envrc", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks"),
    *("*.keystore", "*.kdbx", "*.ovpn", "*.ppk", "*.gpg", "*.tfstate", "*.tfstate.*", "*.tfvars"),
    *("id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "*_rsa", "*_ed25519", "authorized_keys"),
    *(".netrc", "_netrc", ".npmrc", ".pypirc", ".pgpass", ".my.cnf", ".git-credentials"),
    *(".htpasswd", ".dockercfg", "kubeconfig", "credentials", "secrets", "shadow", "gshadow"),
    *("master.key", "token", "*.token", "wallet.dat", "service-account*", "client_secret*"),
    *(
        f"{stem}{suffix}"
        for stem in ("secret", "secrets", "credentials", "*_credentials", "token", "tokens")
        for suffix in (".json", ".yaml", ".yml", ".toml", ".ini", ".txt", ".xml", ".properties")
    ),
)
#: Names of folders in which such files stand.
SECRET_FOLDERS = frozenset(
    {".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".password-store"}
)
_NOT_SECRET = (".env.example", ".env.sample", ".env.template", "*.pub")


@dataclass(frozen=True, slots=True, kw_only=True)
class Roots:
    """Folders below which files may be read.

    Args:
        allowed: Absolute paths; they may be links.
        refused: Folders inside them that may not, such as Mimo's own data.
    """

    allowed: tuple[Path, ...]
    refused: tuple[Path, ...] = ()

    def resolve(self, given: str) -> Path:
        """Return the real path of what was named, inside the allowed folders.

        Raises:
            InvalidRequest: It isn't absolute, lies outside, in a hidden folder, or is a secret.
            NotFound: There is nothing.
        """
        if "\0" in given or len(given) > limits.INGEST_SOURCE_CHARS_MAX or not is_text(given):
            raise InvalidRequest(
                f"expected a path of at most {limits.INGEST_SOURCE_CHARS_MAX} characters of Unicode"
                " without NUL; correct it"
            )
        path = os.path.expanduser(given)  # noqa: PTH111  Path's raises for "~nobody"
        if not path.startswith("/"):
            raise InvalidRequest(
                f"expected an absolute path (or one from ~), got {given[:200]!r};"
                " Mimo doesn't know where you stand"
            )
        # Judged before anybody is told whether it exists: nobody may feel about outside.
        real = Path(os.path.realpath(path))
        root = self.root_of(real)
        if root is None:
            raise self.outside(given)
        self._refuse_hidden(real, root, given)
        if not os.path.lexists(real):
            raise NotFound(
                f"expected a file or directory at {given[:200]}, got nothing; correct it"
            )
        return real

    def root_of(self, real: Path) -> Path | None:
        """Return the allowed folder that holds a resolved path; None if it lies outside."""
        if any(real.is_relative_to(_real(folder)) for folder in self.refused):
            return None
        roots = [_real(folder) for folder in self.allowed]
        inside = [root for root in roots if real.is_relative_to(root)]
        return max(inside, key=lambda root: len(root.parts), default=None)

    def outside(self, given: str) -> InvalidRequest:
        """Return the error for a path that may not be read."""
        shown = ", ".join(map(str, self.allowed)) or "none"
        return InvalidRequest(
            f"expected a path inside the allowed folders ({shown}), got {given[:200]};"
            " add its folder to the setting ingest.roots"
        )

    def _refuse_hidden(self, real: Path, root: Path, given: str) -> None:
        parts = real.relative_to(root).parts
        if any(part in SECRET_FOLDERS for part in parts) or is_secret(real.name):
            raise InvalidRequest(
                f"expected a file without secrets, got {given[:200]};"
                " keys and passwords are never ingested"
            )
        if any(part.startswith(".") for part in parts[:-1]):
            raise InvalidRequest(
                f"expected a path without hidden folders, got {given[:200]};"
                " add that folder itself to the setting ingest.roots"
            )


def _real(folder: Path) -> Path:
    return Path(os.path.realpath(folder))


def is_text(name: str) -> bool:
    """Tell whether a name can be written down: a file's may be any bytes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_secret(name: str) -> bool:
    """Tell whether a file of this name holds keys or passwords."""
    lower = name.lower()
    return _fits(lower, SECRET_NAMES) and not _fits(lower, _NOT_SECRET)


def _fits(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def read_file(real: Path, root: Path) -> bytes:
    """Return a file's bytes.

    Args:
        real: As `Roots.resolve` returned it.
        root: The allowed folder that holds it.

    Raises:
        InvalidRequest: It is too large, no regular file, became a link, or may not be read.
        NotFound: It has gone.
    """
    try:
        handle = _open_below(_real(root), real.relative_to(_real(root)).parts)
    except FileNotFoundError:
        raise NotFound(f"expected the file {real}, got nothing: it has gone") from None
    except OSError as error:
        raise InvalidRequest(
            f"expected a readable file at {real}, got: {error.strerror or error}"
        ) from None
    with os.fdopen(handle, "rb") as stream:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise InvalidRequest(f"expected a regular file at {real}, got {_kind(found.st_mode)}")
        if found.st_size > limits.INGEST_FILE_BYTES_MAX:
            raise too_large(found.st_size)
        raw = stream.read(limits.INGEST_FILE_BYTES_MAX + 1)
    if len(raw) > limits.INGEST_FILE_BYTES_MAX:
        raise too_large(len(raw))
    return raw


def too_large(size: int) -> InvalidRequest:
    """Return the error for a file beyond the limit."""
    return InvalidRequest(
        f"expected a file of at most {limits.INGEST_FILE_BYTES_MAX} bytes, got {size}; split it"
    )


def _open_below(root: Path, parts: Sequence[str]) -> int:
    """Open a file by walking down from `root` without following any link.

    Raises:
        OSError: A part is missing, is a link now, or may not be read.
    """
    if not parts:
        raise IsADirectoryError(errno.EISDIR, "a directory")
    # Non-blocking: opening a FIFO would wait for its writer.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            below = os.open(part, flags | os.O_DIRECTORY, dir_fd=folder)
            os.close(folder)
            folder = below
        return os.open(parts[-1], flags, dir_fd=folder)
    finally:
        os.close(folder)


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFDIR: "a directory",
        stat.S_IFIFO: "a pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "something else")
