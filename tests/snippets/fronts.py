"""Each way to put our snippets into a web server: our own sites, and those that Pulp's images use.

A front is written into a folder and named by the command that checks it and the one that runs it.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from string import Template

import pytest

ROOT = Path(__file__).parents[2]
SNIPPETS = ROOT / "pulp_contentroutes" / "app" / "webserver_snippets"
SITES = Path(__file__).parent / "sites"
#: Plugins whose locations stand beside ours in Pulp's images.
NEIGHBOURS = ("pulp-container", "pulp-ansible")
APACHE_MODULES = "/usr/lib/apache2/modules"


@dataclass(frozen=True)
class Command:
    check: list[str]
    run: list[str]


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


def link_snippets(folder: Path, kind: str, rewrite: dict[str, str] | None = None) -> Path:
    """Put our snippet and the neighbours' into a folder, as an administrator would; return it."""
    target = folder / "snippets"
    target.mkdir()
    texts = {"pulp_contentroutes": (SNIPPETS / f"{kind}.conf").read_text(encoding="utf-8")}
    for wheel in neighbours():
        name = wheel.name.partition("-")[0]
        with zipfile.ZipFile(wheel) as archive:
            text = archive.read(f"{name}/app/webserver_snippets/{kind}.conf").decode()
        texts[name] = text
    for name, text in texts.items():
        lines = text.splitlines(keepends=True)
        for old, new in (rewrite or {}).items():
            # Like the compose image's sed: the first one of each line.
            lines = [line.replace(old, new, 1) for line in lines]
        (target / f"{name}.conf").write_text("".join(lines), encoding="utf-8")
    return target


def replaced_once(text: str, changes: dict[str, str]) -> str:
    """Make the changes that a site asks for; each must stand in it exactly once."""
    for old, new in changes.items():
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
        text = text.replace(old, new)
    return text


def nginx(folder: Path, which: str, listen: str, api: str, content: str) -> Command:
    """Write an nginx with the site `which`: "ours", "image" or "compose"."""
    command = [program("nginx", "nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    user = "user root root;" if os.geteuid() == 0 else ""
    main = site("nginx-main.conf", folder=folder, user=user)
    (folder / "nginx.conf").write_text(main, encoding="utf-8")
    api_port, content_port = api.rpartition(":")[2], content.rpartition(":")[2]
    if which == "compose":
        upstreams = {
            "pulp-api": f"$pulp_api:{api_port}",
            "pulp-content": f"$pulp_content:{content_port}",
        }
        snippets = link_snippets(folder, "nginx", upstreams)
        values = {"api_port": api_port, "content_port": content_port}
        text = site("nginx-compose.conf", listen=listen, snippets=snippets, **values)
    elif which == "image":
        snippets = link_snippets(folder, "nginx")
        values = {"api": api, "content": content}
        text = site("nginx-image.conf", listen=listen, snippets=snippets, **values)
    else:
        snippets = link_snippets(folder, "nginx")
        text = replaced_once(
            (ROOT / "snippets" / "nginx" / "pulp.conf").read_text(encoding="utf-8"),
            {
                "listen 80;": f"listen {listen};",
                "server 127.0.0.1:24817;": f"server {api};",
                "server 127.0.0.1:24816;": f"server {content};",
                "include /etc/nginx/pulp/*.conf;": f'include "{snippets}/*.conf";',
            },
        )
    (folder / "site.conf").write_text(text, encoding="utf-8")
    return Command([*command, "-t"], [*command, "-e", "stderr"])


def apache(folder: Path, which: str, listen: str, api: str, content: str) -> Command:
    """Write an Apache with the site `which`: "ours" or "installer"."""
    command = [program("apache2", "apache2"), "-f", str(folder / "httpd.conf")]
    user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
    main = site("apache-main.conf", folder=folder, listen=listen, user=user, modules=APACHE_MODULES)
    (folder / "httpd.conf").write_text(main, encoding="utf-8")
    snippets = link_snippets(folder, "apache")
    if which == "installer":
        values = {"api": api, "content": content}
        text = site("apache-installer.conf", listen=listen, snippets=snippets, **values)
    else:
        text = replaced_once(
            (ROOT / "snippets" / "apache" / "pulp.conf").read_text(encoding="utf-8"),
            {
                "<VirtualHost *:80>": f"<VirtualHost {listen}>",
                "http://127.0.0.1:24817": f"http://{api}",
                "http://127.0.0.1:24816": f"http://{content}",
                "IncludeOptional /etc/apache2/pulp/*.conf": f'IncludeOptional "{snippets}/*.conf"',
            },
        )
    # What an administrator adds who lets Apache verify certificates.
    verified = (
        "<Location /pulp_contentroutes/content/verified>\n"
        '    RequestHeader set X-CLIENT-CERT "verified"\n</Location>\n'
    )
    (folder / "site.conf").write_text(
        text.replace("</VirtualHost>", verified + "</VirtualHost>"), encoding="utf-8"
    )
    return Command([*command, "-t"], [*command, "-DFOREGROUND"])
