"""Names of files and folders that hold keys or passwords: nobody reads or changes them."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable

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
#: Names of folders in which such files stand; upper and lower case are the same.
SECRET_FOLDERS = frozenset(
    {".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".password-store"}
)
_NOT_SECRET = (".env.example", ".env.sample", ".env.template", "*.pub")


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    """Return one expression for many globs: walks ask it about every file."""
    return re.compile("|".join(map(fnmatch.translate, patterns)))


_SECRET = _any_of(SECRET_NAMES)
_OPEN = _any_of(_NOT_SECRET)


def is_secret(name: str) -> bool:
    """Tell whether a file of this name holds keys or passwords."""
    lower = name.lower()
    return bool(_SECRET.match(lower)) and not _OPEN.match(lower)


def is_secret_folder(name: str) -> bool:
    """Tell whether a folder of this name holds keys or passwords."""
    return name.lower() in SECRET_FOLDERS


def is_text(name: str) -> bool:
    """Tell whether a name can be written down: a file's may be any bytes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
