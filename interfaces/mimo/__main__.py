"""Run Mimo's command line; `mimo stdio` stays free of third-party imports."""

from __future__ import annotations

import sys


def main() -> int:
    """Dispatch to the relay, the node or the admin CLI and return the exit code."""
    if sys.argv[1:2] == ["stdio"]:
        from mimo.interfaces.stdio import main as stdio_main

        return stdio_main(sys.argv[2:])
    if sys.argv[1:2] == ["node"]:
        from mimo.interfaces.node import main as node_main

        return node_main(sys.argv[2:])
    from mimo.interfaces.cli.main import main as cli_main

    return cli_main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
