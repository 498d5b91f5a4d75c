"""What programs do, as far as it can be told from their arguments: tables of facts.

Sources: the programs' manuals (GNU coreutils, findutils, grep, sed, git, ripgrep, fd).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A program that changes nothing and starts nothing, but by these options.

    Args:
        letters: One-letter options that do.
        options: Long options that do; an abbreviation counts too.
        reads: Whether its arguments may be files.
        plain: Arguments before the files that are none: a pattern.
    """

    letters: str = ""
    options: tuple[str, ...] = ()
    reads: bool = True
    plain: int = 0


_TEXTS = Reader(reads=False)
_FILES = Reader()

READERS: Final[dict[str, Reader]] = {
    **dict.fromkeys(
        (
            *("echo", "printf", "true", "false", ":", "pwd", "seq", "sleep", "expr", "uname"),
            *("whoami", "id", "groups", "nproc", "arch", "uptime", "free", "cal", "yes", "factor"),
            *("which", "type", "basename", "dirname", "printenv", "locale", "getconf", "numfmt"),
            *("tty", "logname", "users", "wait", "test", "["),
        ),
        _TEXTS,
    ),
    **dict.fromkeys(
        (
            *("ls", "cat", "head", "tail", "wc", "cut", "tr", "nl", "od", "hexdump", "tac", "rev"),
            *("strings", "stat", "du", "df", "cmp", "comm", "join", "paste", "fold", "fmt", "pr"),
            *("expand", "unexpand", "column", "cksum", "md5sum", "sha1sum", "sha256sum", "b2sum"),
            *("sha512sum", "sum", "realpath", "readlink", "base64", "base32", "jq", "tsort", "cd"),
            *("dir", "vdir", "diff3"),
        ),
        _FILES,
    ),
    "date": Reader(letters="sf", options=("--set", "--file")),
    "sort": Reader(
        letters="oT", options=("--output", "--compress-program", "--temporary-directory")
    ),
    "tree": Reader(letters="o", options=("--output",)),
    "file": Reader(letters="Cf", options=("--compile", "--files-from")),
    "diff": Reader(options=("--output",)),
    "grep": Reader(plain=1),
    "egrep": Reader(plain=1),
    "fgrep": Reader(plain=1),
    "rg": Reader(letters="z", options=("--pre", "--search-zip", "--hostname-bin"), plain=1),
    "fd": Reader(letters="xX", options=("--exec", "--exec-batch"), plain=1),
    "fdfind": Reader(letters="xX", options=("--exec", "--exec-batch"), plain=1),
}
#: Programs that make what isn't there and change nothing that is.
MAKERS: Final = frozenset({"mkdir", "touch"})

#: What they do -> programs; these are asked about whatever their arguments are.
RISKS: Final[dict[str, frozenset[str]]] = {
    "removes files": frozenset({"rm", "rmdir", "unlink", "shred", "truncate"}),
    "changes files": frozenset(
        {"mv", "cp", "ln", "install", "rsync", "patch", "tee", "split", "csplit", "ed", "ex"}
    ),
    "changes who may use files": frozenset({"chmod", "chown", "chgrp", "chattr", "setfacl"}),
    "ends processes": frozenset({"kill", "pkill", "killall", "skill", "fuser"}),
    "connects to other machines": frozenset(
        {"curl", "wget", "ssh", "scp", "sftp", "ftp", "nc", "ncat", "netcat", "telnet", "socat"}
    ),
    "runs other programs": frozenset(
        {
            *("eval", "source", ".", "exec", "alias", "trap", "parallel", "watch", "script"),
            *("entr", "flock", "strace", "gdb", "busybox", "toybox", "make", "docker", "podman"),
            *("kubectl", "crontab", "at", "batch", "export", "set", "unset", "hash", "enable"),
        }
    ),
    "runs a program written in its arguments or files": frozenset(
        {
            *("python", "python2", "python3", "pypy", "pypy3", "node", "nodejs", "deno", "bun"),
            *("perl", "ruby", "php", "lua", "luajit", "tclsh", "wish", "expect", "osascript"),
            *("Rscript", "R", "java", "jshell", "scala", "groovy", "ghci", "erl", "elixir", "iex"),
            *("sqlite3", "psql", "mysql", "bc", "dc", "m4", "guile", "racket", "julia", "swift"),
        }
    ),
}
#: What they do -> programs that are never run.
REFUSED: Final[dict[str, frozenset[str]]] = {
    "acts as another user": frozenset(
        {"sudo", "doas", "su", "pkexec", "runuser", "sudoedit", "visudo", "setpriv", "capsh"}
    ),
    "changes disks": frozenset(
        {
            *("dd", "fdisk", "sfdisk", "parted", "wipefs", "mkswap", "cryptsetup", "lvremove"),
            *("blkdiscard", "hdparm", "mount", "umount", "losetup"),
        }
    ),
    "changes the machine": frozenset(
        {
            *("shutdown", "reboot", "halt", "poweroff", "init", "telinit", "systemctl", "insmod"),
            *("modprobe", "rmmod", "sysctl", "iptables", "nft", "useradd", "userdel", "usermod"),
            *("passwd", "chpasswd", "chroot", "unshare", "nsenter", "swapoff", "kexec"),
        }
    ),
}
#: Programs that only a person at a terminal can use; with a terminal they are asked about.
FULL_SCREEN: Final = frozenset(
    {
        *("vi", "vim", "nvim", "nano", "emacs", "micro", "pico", "top", "htop", "btop", "gotop"),
        *("less", "more", "most", "man", "info", "screen", "tmux", "byobu", "mc", "ranger"),
    }
)
SHELLS: Final = frozenset(
    {"sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "fish", "csh", "tcsh"}
)
#: Shells whose command lines are read as POSIX's are.
POSIX_SHELLS: Final = frozenset({"sh", "bash", "dash", "ksh", "ash"})

#: Programs that run another: options with a value of their own, and words before the other.
WRAPPERS: Final[dict[str, tuple[frozenset[str], int]]] = {
    "nice": (frozenset({"-n", "--adjustment"}), 0),
    "nohup": (frozenset(), 0),
    "setsid": (frozenset(), 0),
    "timeout": (frozenset({"-k", "--kill-after", "-s", "--signal"}), 1),
    "stdbuf": (frozenset({"-i", "-o", "-e"}), 0),
    "ionice": (frozenset({"-c", "-n"}), 0),
    "time": (frozenset({"-f", "--format"}), 0),
    "command": (frozenset(), 0),
    "builtin": (frozenset(), 0),
    "env": (frozenset({"-u", "--unset"}), 0),
    "xargs": (frozenset({"-n", "-P", "-L", "-d", "-s", "--max-args", "--max-procs"}), 0),
}
#: Options of them that stand alone; any other makes nobody sure of what is run.
BARE_OPTIONS: Final[dict[str, frozenset[str]]] = {
    "setsid": frozenset({"-w", "--wait", "-f", "--fork", "-c", "--ctty"}),
    "timeout": frozenset({"--foreground", "--preserve-status", "-v", "--verbose"}),
    "ionice": frozenset({"-t"}),
    "time": frozenset({"-p", "-v"}),
    "env": frozenset({"-i", "-", "--ignore-environment", "-0", "--null"}),
    "xargs": frozenset({"-0", "--null", "-r", "--no-run-if-empty", "-t", "--verbose", "-x"}),
}
#: Options of them that hold their value.
_ATTACHED: Final = {
    "nice": re.compile(r"-n?-?\d+"),
    "timeout": re.compile(r"-(?:k[\d.smhd]+|s\w+)"),
    "stdbuf": re.compile(r"-[ioe](?:L|\d+)"),
    "ionice": re.compile(r"-[cn]\d"),
    "xargs": re.compile(r"-(?:[nPL]\d+|d\S+)"),
}


def is_bare(wrapper: str, word: str) -> bool:
    """Tell whether an option of a wrapper stands alone, or holds its value itself."""
    known = BARE_OPTIONS.get(wrapper, frozenset())
    name, has_value, _ = word.partition("=")
    if has_value:
        return name in WRAPPERS[wrapper][0]
    attached = _ATTACHED.get(wrapper)
    return word in known or bool(attached and attached.fullmatch(word))


#: Variables that may stand before a command: they change how things look.
HARMLESS_VARIABLES: Final = re.compile(
    r"LANG|LC_[A-Z]+|TZ|TERM|NO_COLOR|FORCE_COLOR|CLICOLOR|COLUMNS|LINES|CI|DEBUG|VERBOSE|"
    r"RUST_BACKTRACE|RUST_LOG|LOG_LEVEL|NODE_ENV|PYTHONDONTWRITEBYTECODE|PYTHONUNBUFFERED|"
    r"SOURCE_DATE_EPOCH|GIT_PAGER_IN_USE"
)

#: Subcommands of git that only look, and what they may not be followed by.
GIT_READS: Final = frozenset(
    {
        *("status", "log", "diff", "show", "blame", "annotate", "shortlog", "describe", "grep"),
        *("rev-parse", "rev-list", "ls-files", "ls-tree", "cat-file", "name-rev", "merge-base"),
        *("count-objects", "whatchanged", "for-each-ref", "check-ignore", "version", "diff-tree"),
    }
)
GIT_LISTS: Final = {
    "branch": frozenset({"-a", "-r", "-v", "-vv", "--list", "--show-current", "--all"}),
    "tag": frozenset({"-l", "--list", "-n"}),
    "remote": frozenset({"-v", "--verbose"}),
    "stash": frozenset({"list"}),
    "reflog": frozenset(),
    "config": frozenset({"--list", "-l", "--local", "--show-origin"}),
    "worktree": frozenset({"list"}),
}
GIT_RISKS: Final = (
    "--output",
    "--ext-diff",
    "--textconv",
    "--open-files-in-pager",
    "--no-index",
    "--filters",
)
GIT_RISK_LETTERS: Final = {"grep": "O"}

_SED_ADDRESS: Final = r"(?:\d+|\$|/[^/\n]*/)"
#: Scripts of sed that only print: ranges, and substitutions that write and run nothing.
SED_PRINTS: Final = re.compile(
    rf"{_SED_ADDRESS}?(?:,{_SED_ADDRESS})?[pdq=]|"
    r"s([/|,#@:!])(?:\\.|(?!\1)[^\\\n])*\1(?:\\.|(?!\1)[^\\\n])*\1[gpiI0-9]*"
)
#: What makes a script of awk more than a filter.
AWK_RISKS: Final = re.compile(r"system|getline|[|>@]|close|fflush|load|extension")
