"""A whole Pulp in one command: PostgreSQL, settings, processes, nginx."""

import signal
import sys

from pulp_contentroutes.standalone import secret_options


def main() -> None:
    """Run the command line; if its libraries are not installed, say how to get them."""
    secret_options.move_to_environment()
    try:
        from pulp_contentroutes.standalone.cli import main as run
    except KeyboardInterrupt:
        # Interrupted while the libraries are imported; later, the command line reports it.
        sys.stderr.write("\nStopped.\n")
        sys.exit(128 + signal.SIGINT)
    except ModuleNotFoundError as error:
        sys.exit(
            f"Error: {error}. The command needs more than the plugin: install it with its extra "
            "'standalone', for instance with pip install '.[standalone]' in a checkout."
        )
    run()
