"""A whole Pulp in one command: PostgreSQL, settings, processes, nginx."""

import sys


def main() -> None:
    """Run the command line; say how to get its libraries where they are not installed."""
    try:
        from pulp_contentroutes.standalone.cli import main as run
    except ModuleNotFoundError as error:
        sys.exit(
            f"Error: {error}. The command needs more than the plugin: "
            "pip install 'pulp-contentroutes[standalone]'"
        )
    run()
