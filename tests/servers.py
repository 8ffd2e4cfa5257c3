"""Real database servers for tests: PostgreSQL and MariaDB, on a free loopback port, thrown away.

What belongs here: finding a server's binaries, starting one per test process, stopping it. What
does not: tables and rows, which each test makes for itself. The Debian packages that bring the
binaries are listed in `.ci/packages.txt`; without them a test is skipped, except where the
environment says `CI=true`: there a missing server is a failure.
"""

import atexit
import contextlib
import dataclasses
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy

from tests.ports import free_port

START_SECONDS = 60
_numbers = count(1)


@dataclass(frozen=True)
class Server:
    """A running server, and the way to a database of one's own on it."""

    dialect: str  # postgresql | mysql
    port: int
    user: str
    password: str
    process: subprocess.Popen[bytes]
    start: Callable[[], subprocess.Popen[bytes]] | None = None
    folder: Path = Path("/nowhere")

    def url(self, database: str, password: str | None = None) -> str:
        """Return the SQLAlchemy URL of `database`, with the password in clear text."""
        driver = {"postgresql": "postgresql+psycopg2", "mysql": "mysql+pymysql"}[self.dialect]
        return sqlalchemy.URL.create(
            driver,
            self.user,
            self.password if password is None else password,
            "127.0.0.1",
            self.port,
            database,
        ).render_as_string(hide_password=False)

    def new_database(self) -> str:
        """Make an empty database and return its URL."""
        name = f"test_{next(_numbers)}"
        admin = "postgres" if self.dialect == "postgresql" else "mysql"
        engine = sqlalchemy.create_engine(self.url(admin), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return self.url(name)

    def restart(self) -> "Server":
        """Start the server anew after `stop`, on the same port and with the data that it had."""
        assert self.start is not None
        server = dataclasses.replace(self, process=self.start())
        return _ready(server, "postgres", self.folder)

    def stop(self) -> None:
        """Stop the server at once; its data is not kept."""
        self.process.send_signal(signal.SIGQUIT if self.dialect == "postgresql" else signal.SIGKILL)
        self.process.wait(timeout=START_SECONDS)


def postgresql() -> Server:
    """Return this process's PostgreSQL, started on first use.

    Skips the test where the server is not installed; fails it under `CI=true`.
    """
    missing = _missing("initdb", "postgres")
    return _give_up("postgresql", missing) if missing else _start_postgresql()


def mysql() -> Server:
    """Return this process's MariaDB, started on first use.

    Skips the test where the server is not installed; fails it under `CI=true`.
    """
    missing = _missing("mariadb-install-db", "mariadbd")
    return _give_up("mariadb-server", missing) if missing else _start_mysql()


def start_postgresql(durable: bool = False) -> Server:
    """Start another PostgreSQL, for a test that stops it; the caller calls `stop`.

    What it has committed survives that, as it would on a real server.

    Args:
        durable: it survives the machine too, at the price that it has on a real server.
    """
    missing = _missing("initdb", "postgres")
    if missing:
        return _give_up("postgresql", missing)
    return _start_postgresql.__wrapped__(synchronous_commit="on", fsync="on" if durable else "off")


@cache
def _start_postgresql(synchronous_commit: str = "off", fsync: str = "off") -> Server:
    folder, account = _folder("postgres")
    password = "p@ss/word:%41'q"
    secret = folder / "password"
    secret.write_text(password)
    _own(secret, account)
    initdb = [
        _binary("initdb"),
        "-D",
        f"{folder}/data",
        "-U",
        "tester",
        "-A",
        "scram-sha-256",
    ]
    initdb += [f"--pwfile={secret}", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    _run(initdb, account)
    port = free_port()
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "fsync": fsync,
        "full_page_writes": fsync,
        "synchronous_commit": synchronous_commit,
        "timezone": "Asia/Kolkata",
    }
    command = [_binary("postgres"), "-D", f"{folder}/data"]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]

    def start_again() -> subprocess.Popen[bytes]:
        return _spawn(command, account, folder / "log", tied=False)

    process = _spawn(command, account, folder / "log")
    server = Server("postgresql", port, "tester", password, process, start_again, folder)
    return _ready(server, "postgres", folder)


@cache
def _start_mysql() -> Server:
    folder, account = _folder("mysql")
    password = "p@ss/word:%41'q"
    install = [
        _binary("mariadb-install-db"),
        "--no-defaults",
        f"--datadir={folder}/data",
    ]
    install += ["--auth-root-authentication-method=normal", "--skip-test-db"]
    # A MariaDB that starts clears its temporary folder of tables, also of a neighbour's.
    own_tmp = f"--tmpdir={folder}"
    install += [own_tmp, *([f"--user={account}"] if account else [])]
    _run(install, None)
    init = folder / "init.sql"
    quoted = password.replace("'", "''")
    init.write_text(
        f"CREATE USER tester@'127.0.0.1' IDENTIFIED BY '{quoted}';\n"
        "GRANT ALL ON *.* TO tester@'127.0.0.1';\n"
    )
    _own(init, account)
    port = free_port()
    command = [
        _binary("mariadbd"),
        "--no-defaults",
        f"--datadir={folder}/data",
        f"--port={port}",
        own_tmp,
    ]
    command += [
        "--bind-address=127.0.0.1",
        f"--socket={folder}/socket",
        "--skip-name-resolve",
    ]
    command += [
        f"--init-file={init}",
        "--innodb-flush-log-at-trx-commit=0",
        "--skip-log-bin",
    ]
    command += ["--default-time-zone=+05:30", f"--pid-file={folder}/pid", "--sql-mode="]
    process = _spawn(command, account, folder / "log")
    return _ready(Server("mysql", port, "tester", password, process), "mysql", folder)


def _give_up(package: str, missing: str) -> Server:
    reason = f"{missing} is not installed: apt-get install {package}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _binary(name: str) -> str:
    """Return the path of a server's binary; Debian keeps some of them off the PATH."""
    places = [os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]
    places += sorted((str(p) for p in Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    return shutil.which(name, path=os.pathsep.join(places)) or ""


def _missing(*names: str) -> str:
    return next((name for name in names if not _binary(name)), "")


def _folder(account: str) -> tuple[Path, str | None]:
    """Return a new folder and the account to run as: servers refuse to run as root."""
    folder = Path(tempfile.mkdtemp(prefix=f"test-{account}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if os.geteuid() != 0:
        return folder, None
    pwd.getpwnam(account)
    _own(folder, account)
    return folder, account


def _own(path: Path, account: str | None) -> None:
    if account:
        shutil.chown(path, account)


def _run(command: list[str], account: str | None) -> None:
    done = subprocess.run(command, user=account, cwd="/", capture_output=True, check=False)
    if done.returncode:
        pytest.fail(f"{command[0]} failed: {(done.stdout + done.stderr).decode()[-2000:]}")


def dying_with_us(command: list[str]) -> list[str]:
    """Return the command as one that Linux ends when the thread that starts it ends.

    Not by code between fork and exec: beside threads such a child may hang.
    """
    found = shutil.which("setpriv")  # of Debian's util-linux
    return [found, "--pdeathsig", "KILL", *command] if found else command


def _spawn(
    command: list[str], account: str | None, log: Path, tied: bool = True
) -> subprocess.Popen[bytes]:
    """Start a server, tied to the life of this process unless other threads run beside it."""
    with log.open("wb") as output:
        return subprocess.Popen(
            dying_with_us(command) if tied else command,
            user=account,
            cwd="/",
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )


def _ready(server: Server, database: str, folder: Path) -> Server:
    """Wait until the server answers a query, and stop it when this process ends."""
    atexit.register(_quietly, server.stop)
    engine = sqlalchemy.create_engine(server.url(database))
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with engine.connect():
                engine.dispose()
                return server
        except sqlalchemy.exc.OperationalError as error:
            if server.process.poll() is not None or time.monotonic() > deadline:
                log = (folder / "log").read_text(errors="replace")[-2000:]
                pytest.fail(f"{server.dialect} did not start: {error}\n{log}")
            time.sleep(0.05)


def _quietly(stop: Callable[[], None]) -> None:
    with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
        stop()
