"""What runs until it is stopped: the receiver of events, the sandbox."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from leadkit.cli.terminal import open_workspace

#: For a command whose arguments are another program's.
PASSED_ON: dict[str, Any] = {
    "context_settings": {
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "help_option_names": [],
    }
}


def webhooks(
    host: Annotated[str, typer.Option(help="Where to listen; put a TLS proxy in front.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port.")] = 2719,
) -> None:
    """Take LeadLeap's events at /leadleap, as evidence for what is in doubt."""
    import uvicorn

    from leadkit.webhooks import application

    with open_workspace(False) as workspace:
        uvicorn.run(application(workspace), host=host, port=port, log_level="warning", access_log=False)


def sandbox(context: typer.Context) -> None:
    """Run the sandbox alone, for other programs to talk to."""
    from leadkit.sandbox.__main__ import main as sandbox_main

    sandbox_main(context.args)
