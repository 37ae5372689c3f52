"""The text that `serve` prints when all is healthy: addresses, the password, what to do next."""

from pulp_contentroutes.paths import CONTENT_PREFIX, GALAXY_PREFIX, percent_encode, with_domain
from pulp_contentroutes.standalone import demo, reach
from pulp_contentroutes.standalone.instance import Instance
from pulp_contentroutes.standalone.locations import command_line


def render(
    instance: Instance, seconds: float, new_password: str | None, domain: str | None, note: str = ""
) -> str:
    """Return the text.

    `new_password` is one that was generated at this start; `domain` is None if domains are not
    enabled; `note` says what went wrong.
    """
    front, *others = reach.api_urls(instance)
    content = reach.content_url(instance) + with_domain(CONTENT_PREFIX, domain)
    lines = [
        *("", f"Pulp is ready after {seconds:.1f} s. Ctrl-C stops it; its data stays.", ""),
        f"  start page   {front}/",
        *(f"  or           {other}/" for other in others),
        f"  API          {front}{instance.setting('API_ROOT', '/pulp/')}api/v3/status/",
        f"  content      {content}",
        f"  user         admin{_password(new_password)}",
    ]
    if not instance.front:
        lines.append("  no nginx in front (install it, or leave out --no-nginx, for one port)")
    has_demo = demo.is_loaded(instance.folder) and not note
    if has_demo:
        lines += _galaxy(instance, front, domain)
    lines += ["", note] if note else []
    lines += ["", *_second_terminal(instance)]
    if has_demo:
        lines += ["", *_examples(instance, front, content, domain)]
    return "\n".join([*lines, ""])


def _password(new: str | None) -> str:
    return f", password {new}   (shown at this start only)" if new else ""


def _galaxy_url(front: str, domain: str | None) -> str:
    return f"{front}{with_domain(GALAXY_PREFIX, domain)}{demo.GALAXY}/"


def _galaxy(instance: Instance, front: str, domain: str | None) -> list[str]:
    return [
        f"  Galaxy       {_galaxy_url(front, domain)}",
        f"  token        {demo.galaxy_token(instance.folder)}",
    ]


def _second_terminal(instance: Instance) -> list[str]:
    return [
        "In a second terminal:",
        f"  {command_line(instance.folder, 'status')}",
        f"  {command_line(instance.folder, 'password')}   # sets a new password of admin",
    ]


def _examples(instance: Instance, front: str, content: str, domain: str | None) -> list[str]:
    files = f"{content}{demo.NAME}/"
    galaxy, token = _galaxy_url(front, domain), demo.galaxy_token(instance.folder)
    return [
        "Try:",
        f"  curl -O {files}hello.txt",
        f"  curl -r 0-4 {files}hello.txt",
        f"  curl {files}",
        f"  curl {files}{percent_encode(demo.AWKWARD)}",
        f"  ansible-galaxy collection publish FILE --server {galaxy} --token {token}",
    ]
