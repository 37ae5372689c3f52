"""A whole Pulp in one command: PostgreSQL, settings, processes, nginx."""

import sys

from pulp_contentroutes.standalone import secret_options


def main() -> None:
    """Run the command line; say how to get its libraries where they are not installed."""
    secret_options.move_to_environment()
    try:
        from pulp_contentroutes.standalone.cli import main as run
    except ModuleNotFoundError as error:
        sys.exit(
            f"Error: {error}. The command needs more than the plugin: "
            "pip install 'pulp-contentroutes[standalone]'"
        )
    run()
