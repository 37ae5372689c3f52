"""Each way to put our snippets into a web server: our own sites, with TLS and without, that of
`serve`, and those that Pulp's images use.

A front is written into a folder, and returned as a command that checks it and one that runs it.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template

import pytest

from tests.harness.waiting import connects, wait_until

ROOT = Path(__file__).parents[2]
SNIPPETS = ROOT / "pulp_contentroutes" / "app" / "webserver_snippets"
SITES = Path(__file__).parent / "sites"
SERVE = ROOT / "pulp_contentroutes" / "standalone" / "templates" / "nginx.conf"
#: Plugins whose locations stand beside ours in Pulp's images.
NEIGHBOURS = ("pulp-container", "pulp-ansible")
APACHE_MODULES = "/usr/lib/apache2/modules"


@dataclass(frozen=True)
class Command:
    check: list[str]
    run: list[str]


@dataclass(frozen=True)
class Tls:
    """The address to listen on, as host:port, and files with the server's certificate and key."""

    listen: str
    certificate: Path
    key: Path


@dataclass(frozen=True)
class Place:
    """A folder for a front, and the addresses, as host:port, that stand in it."""

    folder: Path
    listen: str
    api: str
    content: str
    tls: Tls | None = None
    #: Whether other plugins' locations stand beside ours.
    has_neighbours: bool = True


def program(name: str, package: str) -> str:
    """Return a server's program, or skip the test."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"'{name}' is not installed (Debian package {package})")
    return found


def site(name: str, **values: object) -> str:
    """Return a site of tests/snippets/sites with its `@{names}` filled in."""

    class _Site(Template):
        delimiter = "@"

    return _Site((SITES / name).read_text(encoding="utf-8")).substitute(values)


def neighbours() -> list[Path]:
    """Return the wheels of NEIGHBOURS; the first run of the tests downloads them."""
    cache = ROOT / ".cache" / "wheels"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if len(list(cache.glob("*.whl"))) < len(NEIGHBOURS):
            download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
            subprocess.run([*download, "--dest", str(cache), *NEIGHBOURS], check=True)
    return list(cache.glob("*.whl"))


def link_snippets(place: Place, kind: str, rewrite: dict[str, str] | None = None) -> Path:
    """Put our snippet and the neighbours' into a folder, as an administrator would; return it."""
    target = place.folder / "snippets"
    target.mkdir()
    texts = {"pulp_contentroutes": (SNIPPETS / f"{kind}.conf").read_text(encoding="utf-8")}
    for wheel in neighbours() if place.has_neighbours else ():
        name = wheel.name.partition("-")[0]
        with zipfile.ZipFile(wheel) as archive:
            text = archive.read(f"{name}/app/webserver_snippets/{kind}.conf").decode()
        texts[name] = text
    for name, text in texts.items():
        lines = text.splitlines(keepends=True)
        for old, new in (rewrite or {}).items():
            # Like the compose image's sed: the first match in each line.
            lines = [line.replace(old, new, 1) for line in lines]
        (target / f"{name}.conf").write_text("".join(lines), encoding="utf-8")
    return target


def replaced_once(text: str, changes: dict[str, str]) -> str:
    """Make the changes that a site asks for; each replaced text must occur in it exactly once."""
    for old, new in changes.items():
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
        text = text.replace(old, new)
    return text


def example(name: str, changes: dict[str, str]) -> str:
    """Return a file of `snippets` with the changes that it asks for."""
    return replaced_once((ROOT / "snippets" / name).read_text(encoding="utf-8"), changes)


def nginx(place: Place, which: str) -> Command:
    """Write an nginx with the site `which`: "ours", "serve", "image" or "compose"."""
    folder, user = place.folder, "user root root;" if os.geteuid() == 0 else ""
    command = [program("nginx", "nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    main = site("nginx-main.conf", folder=folder, user=user)
    addresses = {"listen": place.listen, "api": place.api, "content": place.content}
    api_port, content_port = (each.rpartition(":")[2] for each in (place.api, place.content))
    if which == "compose":
        upstreams = {
            "pulp-api": f"$pulp_api:{api_port}",
            "pulp-content": f"$pulp_content:{content_port}",
        }
        snippets = link_snippets(place, "nginx", upstreams)
        values = {"api_port": api_port, "content_port": content_port}
        text = site("nginx-compose.conf", snippets=snippets, listen=place.listen, **values)
    elif which == "image":
        text = site("nginx-image.conf", snippets=link_snippets(place, "nginx"), **addresses)
    elif which == "serve":
        snippets = link_snippets(place, "nginx")
        main = Template(SERVE.read_text(encoding="utf-8")).substitute(
            addresses,
            user=user,
            run=folder,
            content_prefix="/pulp/content/",
            snippets=f'include "{snippets}/*.conf";',
        )
        text = ""
    else:
        changes = {
            "listen 80;": f"listen {place.listen};",
            "server 127.0.0.1:24817;": f"server {place.api};",
            "server 127.0.0.1:24816;": f"server {place.content};",
            "include /etc/nginx/pulp/*.conf;": f'include "{link_snippets(place, "nginx")}/*.conf";',
        }
        text = example("nginx/pulp.conf", changes)
    if place.tls:
        changes = {
            "listen 443 ssl;": f"listen {place.tls.listen} ssl;",
            "/etc/nginx/tls/pulp.example.com.pem": str(place.tls.certificate),
            "/etc/nginx/tls/pulp.example.com.key": str(place.tls.key),
        }
        tls = example("nginx/pulp-tls.conf", changes)
        (folder / "snippets" / "tls.conf").write_text(tls, encoding="utf-8")
    (folder / "nginx.conf").write_text(main, encoding="utf-8")
    (folder / "site.conf").write_text(text, encoding="utf-8")
    return Command([*command, "-t"], [*command, "-e", "stderr"])


def apache(place: Place, which: str) -> Command:
    """Write an Apache with the site `which`: "ours" or "installer"."""
    folder, tls = place.folder, place.tls
    command = [program("apache2", "apache2"), "-f", str(folder / "httpd.conf")]
    user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
    listens = [place.listen, *([tls.listen] if tls else [])]
    main = site(
        "apache-main.conf",
        folder=folder,
        listen="\n".join(f"Listen {each}" for each in listens),
        user=user,
        modules=APACHE_MODULES,
    )
    (folder / "httpd.conf").write_text(main, encoding="utf-8")
    snippets = link_snippets(place, "apache")
    common = folder / "pulp-site.conf"
    if which == "installer":
        addresses = {"listen": place.listen, "api": place.api, "content": place.content}
        text = site("apache-installer.conf", snippets=snippets, **addresses)
    else:
        changes = {
            "http://127.0.0.1:24817": f"http://{place.api}",
            "http://127.0.0.1:24816": f"http://{place.content}",
            "IncludeOptional /etc/apache2/pulp/*.conf": f'IncludeOptional "{snippets}/*.conf"',
        }
        common.write_text(example("apache/pulp-site.conf", changes), encoding="utf-8")
        changes = {
            "<VirtualHost *:80>": f"<VirtualHost {place.listen}>",
            "Include /etc/apache2/pulp-site.conf": f'Include "{common}"',
        }
        if tls:
            changes |= {
                "<VirtualHost *:443>": f"<VirtualHost {tls.listen}>",
                "/etc/apache2/tls/pulp.example.com.pem": str(tls.certificate),
                "/etc/apache2/tls/pulp.example.com.key": str(tls.key),
            }
        text = example(f"apache/{'pulp-tls' if tls else 'pulp'}.conf", changes)
    # Directives of an administrator whose proxy in front of Apache verifies certificates.
    verified = (
        "<Location /pulp_contentroutes/content/verified>\n"
        '    RequestHeader set X-CLIENT-CERT "verified"\n</Location>\n'
    )
    (folder / "site.conf").write_text(
        text.replace("</VirtualHost>", verified + "</VirtualHost>"), encoding="utf-8"
    )
    return Command([*command, "-t"], [*command, "-DFOREGROUND"])


def write(server: str, place: Place) -> Command:
    """Write the front that is called `<server>-<site>`."""
    server, _, which = server.partition("-")
    return (nginx if server == "nginx" else apache)(place, which)


@contextmanager
def run_server(command: Command, port: int, log: Path) -> Iterator[None]:
    """Check a server's configuration and run the server until the block ends."""
    with log.open("wb") as output:
        checked = subprocess.run(command.check, stdout=output, stderr=output, check=False)
        assert checked.returncode == 0, log.read_text()
        with subprocess.Popen(command.run, stdout=output, stderr=output) as server:

            def listens() -> bool:
                assert server.poll() is None, log.read_text()
                return connects(port)

            try:
                wait_until(listens)
                yield
            finally:
                server.terminate()
