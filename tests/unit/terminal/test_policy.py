"""The command policy against those who go around it (mcp.md 7: argument injection, shell)."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from mimo.actors.terminal.policy import Judgement, Rules, Standing, judge
from mimo.actors.terminal.standing import Surroundings
from mimo.actors.terminal.verdict import Verdict
from mimo.actors.workspace.places import Roots

ALLOW, CONFIRM, REFUSE = Verdict.ALLOW, Verdict.CONFIRM, Verdict.REFUSE
ENV = {"HOME": "/home/anna", "PATH": "/usr/bin:/bin"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace with a secret, something hidden, and a way out."""
    folder = tmp_path_factory.mktemp("work")
    for name in ("a.py", "b.txt", ".env", ".hidden", "server.key", "run.sh"):
        (folder / name).write_text("x\n")
    (folder / "sub").mkdir()
    (folder / "sub" / "c.txt").write_text("x\n")
    (folder / "data").mkdir()
    (folder / "out").symlink_to("/etc")
    (folder / "passwords").symlink_to("/etc/passwd")
    return folder


def judged(folder: Path, text: str, **fields: object) -> Judgement:
    """Judge a line in the workspace."""
    roots = Roots(allowed=(folder,), refused=(folder / "data",))
    rules = fields.pop("rules", Rules())
    return judge(
        text,
        rules=rules,  # type: ignore[arg-type]
        places=Surroundings(roots),
        env=ENV,
        folder=str(folder),
        **fields,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    "text",
    [
        *("ls", "ls -la sub", "cat a.py b.txt", "cat *.py", "head -n 5 a.py", "wc -l < a.py"),
        *("grep -rn foo .", "grep -i '/etc/x' a.py", "rg foo", "find . -name '*.py' -type f"),
        *("git status", "git log --oneline -5", "git diff HEAD~1 -- a.py", "git branch -a"),
        *(
            "git --no-pager show HEAD",
            "echo hi > new.txt",
            "echo hi >> a.py",
            "echo hi 2>/dev/null",
        ),
        *(
            "sort a.py | uniq -c | sort -rn | head -3",
            "sed -n '1,5p' a.py",
            "awk '{print $1}' a.py",
        ),
        *("sed 's/a/b/g' a.py", "mkdir -p new/deep", "touch new", "echo $(date)", "pwd; whoami"),
        *("timeout 5 ls", "nice -n 5 cat a.py", "env TZ=UTC date", "LC_ALL=C sort a.py"),
        *("bash -c 'ls | wc -l'", 'sh -c "cat a.py"', "cd sub && cat c.txt", "(cd sub; ls)"),
        *(
            "/bin/ls -l",
            "/usr/bin/git status",
            "python --version",
            "command -v python",
            "true || ls",
        ),
        *(
            "diff a.py b.txt",
            "stat a.py",
            "test -f a.py && echo yes",
            "[ -f a.py ]",
            "ls | xargs echo",
            "ls | xargs",
        ),
    ],
)
def test_what_only_looks_runs(folder: Path, text: str) -> None:
    """Without a question: else nobody would read the questions that matter."""
    found = judged(folder, text)

    assert (found.verdict, found.reasons) == (ALLOW, ())


@pytest.mark.parametrize(
    "text",
    [
        # Quoting and spelling.
        *(
            "rm a.py",
            "\\rm a.py",
            "r''m a.py",
            '"rm" a.py',
            "r\\m a.py",
            "/bin/rm a.py",
            "$(echo rm) a.py",
        ),
        *(
            "`echo rm` a.py",
            "rm\ta.py",
            "./rm a.py",
            "../work/rm",
            "R=rm; rm a.py",
            "'rm' -rf -- sub",
        ),
        # Lists and pipelines.
        *(
            "true && rm a.py",
            "false || rm a.py",
            "ls; rm a.py",
            "ls & rm a.py",
            "ls\nrm a.py",
            "ls | rm a.py",
        ),
        *("(ls; rm a.py)", "((ls); (rm a.py))", "ls && (true; (rm a.py))", "cat a.py | tee b.txt"),
        # Substitutions.
        *("echo $(rm a.py)", "echo `rm a.py`", 'echo "$(rm a.py)"', "cat $(ls; rm a.py)"),
        *("echo $(echo $(rm a.py))", 'ls > "$(rm a.py)"', "X=$(rm a.py) ls", "ls $(cat b.txt)x"),
        # Variables before a command.
        *(
            "X=1 rm a.py",
            "LD_PRELOAD=./x.so ls",
            "PATH=. ls",
            "GIT_SSH_COMMAND=x git log",
            "PAGER=x git log",
        ),
        *(
            "IFS=x ls",
            "BASH_ENV=run.sh bash -c ls",
            "GIT_EXTERNAL_DIFF=./x git diff",
            "env PATH=. ls",
        ),
        # Programs that run others.
        *(
            "env rm a.py",
            "env X=1 rm a.py",
            "env -i rm a.py",
            "env -S 'rm a.py'",
            "env -u X rm a.py",
        ),
        *(
            "nice rm a.py",
            "nice -n 5 rm a.py",
            "nice -5 rm a.py",
            "nohup rm a.py",
            "timeout 5 rm a.py",
        ),
        *("timeout -s KILL 5 rm a.py", "stdbuf -oL rm a.py", "setsid rm a.py", "command rm a.py"),
        *(
            "nice timeout 5 env nohup rm a.py",
            "exec rm a.py",
            "builtin eval 'rm a.py'",
            "eval 'rm a.py'",
        ),
        *(
            "xargs rm < b.txt",
            "echo a.py | xargs rm",
            "echo a.py | xargs -n1 rm",
            "ls | xargs -I ls ls",
        ),
        *(
            "ls | xargs -I{} sh -c '{}'",
            "ls | xargs cat",
            "time rm a.py",
            "ls | xargs sort",
        ),
        *(
            "find . -exec rm {} ;",
            "find . -exec rm {} \\;",
            "find . -execdir rm {} +",
            "find . -ok rm {} ';'",
        ),
        *(
            "find . -delete",
            "find . -fprint a.py",
            "find . -exec {} \\;",
            "find . -exec sh -c 'rm {}' \\;",
        ),
        *("find . -type f -exec env X=1 rm {} \\;", "find . -exec true \\; -exec rm {} \\;"),
        *(
            "fd -x rm",
            "fd . --exec rm",
            "rg --pre ./run.sh x",
            "rg --pre=./run.sh x",
            "watch rm a.py",
        ),
        # Shells and interpreters.
        *(
            "sh -c 'rm a.py'",
            'bash -c "rm a.py"',
            "bash -lc 'rm a.py'",
            "bash -c 'bash -c \"rm a.py\"'",
        ),
        *(
            "sh run.sh",
            "sh < run.sh",
            "cat run.sh | sh",
            "echo cm0K | base64 -d | bash",
            "bash -i",
            "bash",
        ),
        *(
            "bash --rcfile run.sh -c ls",
            "bash -O extglob -c ls",
            "zsh -c 'rm a.py'",
            "fish -c ls",
            "./run.sh",
        ),
        *(
            "python -c 'print(1)'",
            "python3 run.py",
            "node -e 1",
            "perl -e 1",
            "ruby -e 1",
            "php -r 1",
        ),
        *(
            "python3.11 -c 1",
            "busybox rm a.py",
            ". ./run.sh",
            "source run.sh",
            "make",
            "npm test",
            "awk -f x",
        ),
        *(
            "awk 'BEGIN{system(\"rm a.py\")}'",
            "awk '{print > \"a.py\"}' b.txt",
            "awk '{print | \"sh\"}' b.txt",
        ),
        # Options that write or run.
        *(
            "sort -o a.py b.txt",
            "sort -uoa.py b.txt",
            "sort --output=a.py b.txt",
            "sort --outp=a.py b.txt",
        ),
        *(
            "sort --compress-program=./run.sh a.py",
            "sort --comp=./run.sh a.py",
            "tree -o a.py",
            "date -s 1",
        ),
        *(
            "uniq a.py b.txt",
            "sed -i s/a/b/ a.py",
            "sed -ni p a.py",
            "sed --in-place p a.py",
            "sed 1w/x a.py",
        ),
        *(
            "sed 's/a/b/e' a.py",
            "sed 's/a/b/w x' a.py",
            "sed e a.py",
            "sed '1e rm' a.py",
            "sed -f run.sh a.py",
        ),
        *("sed -n 's/a/b/;w x' a.py", "date --file=.hidden", "file -f .hidden", "sort $(ls)"),
        # git.
        *(
            "git commit -m x",
            "git push",
            "git checkout .",
            "git -c alias.x='!rm a.py' x",
            "git clean -fdx",
        ),
        *(
            "git -c core.pager='rm a.py' log",
            "git --exec-path=. status",
            "git log --output=a.py",
            "git config x y",
        ),
        *(
            "git diff --output a.py",
            "git diff --outp=a.py",
            "git grep -Orm x",
            "git log --ext-diff",
            "git branch x",
        ),
        *(
            "git --git-dir=sub status",
            "git diff --no-index /etc/passwd a.py",
            "git tag -d x",
            "git ls-remote .",
        ),
        *(
            "git grep --open-files-in-pager=rm x",
            "git $(echo push)",
            "git log $(echo --output=x)",
            "git stash",
        ),
        *(
            "git cat-file --textconv HEAD:a.py",
            "git archive HEAD",
            "git -C /etc status",
            "git fetch --upload-pack=x",
        ),
        # Files outside, and overwriting.
        *(
            "cat /etc/passwd",
            "cat ../../etc/passwd",
            "cat sub/../../x",
            "cat out/passwd",
            "cat passwords",
        ),
        *(
            "cat ~/x",
            "cat < /etc/passwd",
            "head -c 5 /etc/passwd",
            "grep -f /etc/passwd a.py",
            "cat .hidden",
        ),
        *(
            "grep x /etc/passwd",
            "grep --regexp=x /etc/passwd",
            "grep -ex /etc/passwd",
            "grep -A 3 x /etc/passwd",
        ),
        *(
            "diff a.py --to-file=/etc/passwd",
            "cd .. && cat x",
            "cd out && cat passwd",
            "cd / ; ls",
            "cd $(ls)",
        ),
        *(
            "cd sub && cat ../../x",
            "ls /",
            "cat /dev/sda",
            "cat /proc/self/environ",
            "mkdir /x",
        ),
        *(
            "echo hi > a.py",
            "echo hi >| a.py",
            "echo hi <> a.py",
            "sort a.py > b.txt",
            "rg --files /etc",
            "du /",
        ),
        *(
            "wc --files0-from=/etc/passwd",
            "cat -- /etc/passwd",
            "cat /etc/pass*",
            "touch -r /etc/passwd x",
        ),
        # Never heard of, or a language of its own.
        *(
            "frobnicate",
            "for f in *; do rm $f; done",
            "if true; then rm a.py; fi",
            "f() { rm a.py; }; f",
        ),
        *(
            "cat <<EOF | sh\nrm a.py\nEOF",
            "echo ${IFS}",
            "alias ls=rm",
            "trap 'rm a.py' EXIT",
            "kill -9 1",
        ),
        *(
            "echo {a,b}",
            "chmod 777 a.py",
            "curl example.org",
            "nc -l 1",
            "ssh host",
            "mv a.py b.txt",
            "vim a.py",
        ),
    ],
)
def test_what_may_do_more_is_asked_about(folder: Path, text: str) -> None:
    """However it is spelled or hidden (original 1.4: only the first word was looked at)."""
    found = judged(folder, text)

    assert found.verdict is CONFIRM, (text, found)
    assert found.reasons


@pytest.mark.parametrize(
    "text",
    [
        *(
            "sudo ls",
            "/usr/bin/sudo ls",
            "env sudo ls",
            "ls && sudo ls",
            "echo $(sudo ls)",
            "bash -c 'sudo ls'",
        ),
        *(
            "find . -exec sudo rm {} \\;",
            "xargs sudo rm",
            "su -c ls",
            "doas ls",
            "s''udo ls",
            "nice sudo -n ls",
        ),
        *(
            "for f in *; do sudo rm $f; done",
            "if true; then /usr/bin/sudo ls; fi",
            "echo $(( $(sudo ls) ))",
        ),
        *(
            "dd if=/dev/zero of=/dev/sda",
            "mkfs.ext4 /dev/sda",
            "mkfs /dev/sda",
            "mount x",
            "shutdown now",
        ),
        *("chroot .", "nsenter -t 1", "systemctl stop x", "unshare -r sh", "timeout 5 reboot"),
        *(
            "echo x > /etc/passwd",
            "echo x >> /etc/passwd",
            "echo x > ../x",
            "echo x > out/x",
            "echo x > passwords",
        ),
        *(
            "echo x > ~/.bashrc",
            "echo x > .env",
            "echo x > .hidden",
            "echo x > .git/hooks/x",
            "echo x > sub",
        ),
        *(
            "ls > /dev/sda",
            "cd / && echo x > x",
            "cd .. ; echo x > a.py",
            "bash -c 'echo x > /etc/x'",
            "> /etc/x",
        ),
        *(
            "cat .env",
            "cat < .env",
            "cat ./sub/../.env",
            "cat out/*",
            "cat server.key",
            "cat *.key",
            "cat .e*",
            "cat data/x",
        ),
        *(
            "cat ~/.ssh/id_rsa",
            'cat "$HOME/.ssh/id_rsa"',
            "head -c9 /home/anna/.aws/credentials",
            "cd data && cat x",
        ),
        *(
            "wc --files0-from=.env",
            "date -f .env",
            "sort --files0-from=.env",
            "grep . .env",
            "diff a.py .env",
        ),
    ],
)
def test_what_is_never_right_is_refused(folder: Path, text: str) -> None:
    """No question either: somebody would say yes."""
    assert judged(folder, text).verdict is REFUSE, text


def test_the_users_own_rules_decide(folder: Path) -> None:
    """Refusals first, then questions, then what is let run; by whole words."""
    rules = Rules(
        allow=("npm test", "make", "git push"), confirm=("make deploy", "ls"), refuse=("git push",)
    )

    def verdict(text: str) -> Verdict:
        return judged(folder, text, rules=rules).verdict

    assert verdict("npm test -- x") is ALLOW
    assert verdict("npm testx") is CONFIRM
    assert verdict("npm run test") is CONFIRM
    assert verdict("make all && make deploy") is CONFIRM
    assert verdict("git push") is REFUSE
    assert verdict("env git push") is REFUSE
    assert verdict("for x in a; do git push; done") is REFUSE
    assert verdict("ls") is CONFIRM
    assert verdict("npm test && rm a.py") is CONFIRM
    assert verdict("npm $(rm a.py)") is CONFIRM


def test_no_rule_opens_shells_secrets_or_what_is_refused(folder: Path) -> None:
    """`allow` names programs; what a shell or `env` runs is judged all the same."""
    rules = Rules(allow=("bash", "env", "xargs", "sudo", "cat", "find"))

    def verdict(text: str) -> Verdict:
        return judged(folder, text, rules=rules).verdict

    assert verdict("bash -c 'rm a.py'") is CONFIRM
    assert verdict("env rm a.py") is CONFIRM
    assert verdict("sudo ls") is REFUSE
    assert verdict("cat .env") is REFUSE
    assert verdict("cat /etc/passwd") is CONFIRM
    assert verdict("find . -exec rm {} \\;") is CONFIRM


def test_without_a_shell_only_single_programs_run(folder: Path) -> None:
    """terminal.shell = false: no operator, no pattern, no script."""
    rules = Rules(shell=False)

    assert judged(folder, "cat a.py", rules=rules).verdict is ALLOW
    for text in (
        "ls | wc",
        "ls; ls",
        "ls > x",
        "ls *",
        "echo $(ls)",
        "sh -c ls",
        "for x in y; do z; done",
    ):
        assert judged(folder, text, rules=rules).verdict is REFUSE, text


def test_one_program_needs_no_shell_and_gets_its_arguments_as_they_are(folder: Path) -> None:
    """An argument list: nothing in it is looked at again."""
    found = judged(folder, "grep -rn '$(rm a.py); `x` *' .")

    assert found.argv == ("grep", "-rn", "$(rm a.py); `x` *", ".")
    assert judged(folder, "ls | wc").argv[:2] == ("/bin/sh", "-c")


def test_variables_of_the_caller_are_asked_about(folder: Path) -> None:
    """As if they stood before the command."""
    assert judged(folder, "ls", variables=("LD_PRELOAD",)).verdict is CONFIRM
    assert judged(folder, "ls", variables=("NO_COLOR",)).verdict is ALLOW


def test_a_thousand_disguises_of_one_command_are_seen(folder: Path, chance: random.Random) -> None:
    """Wrapped at random, deeper and deeper, `rm` never runs by itself."""
    wraps = (
        "env {}", "nice -n 3 {}", "timeout 9 {}", "nohup {}", "stdbuf -oL {}", "true && {}", "({})",
        "ls | {}", "{} | cat", "echo $({})", "X=$({})", "bash -c {!r}", "sh -c {!r}", "ls; {}",
        "find . -exec {} \\;", "xargs {}", "command {}", "LC_ALL=C {}", "{} > new.txt",
    )  # fmt: skip
    for _ in range(1_000):
        text = chance.choice(("rm a.py", "\\rm a.py", "'rm' a.py", "/bin/rm a.py", 'r"m" a.py'))
        for _ in range(chance.randint(1, 5)):
            wrap = chance.choice(wraps)
            if "!r" in wrap:
                text = wrap.replace("{!r}", "'" + text.replace("'", "'\\''") + "'")
            else:
                text = wrap.replace("{}", text)

        assert judged(folder, text).verdict is not ALLOW, text


def test_many_files_take_no_long_time_and_are_asked_about(folder: Path) -> None:
    """A line of thousands of names mustn't hold up the worker."""
    looked: list[str] = []

    class Counting(Surroundings):
        def standing(self, folder: str, path: str) -> Standing:
            looked.append(path)
            return super().standing(folder, path)

    names = " ".join(f"f{number}" for number in range(2_500))
    text = f"cd sub; cd ..; cd sub; cat {names}"
    roots = Roots(allowed=(folder,))
    found = judge(text, rules=Rules(), places=Counting(roots), env=ENV, folder=str(folder))

    assert found.verdict is CONFIRM
    assert len(looked) <= 500
