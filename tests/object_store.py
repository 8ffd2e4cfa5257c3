"""A real S3 server for tests: SeaweedFS on free loopback ports, thrown away.

What belongs here: starting one per test process, its keys, stopping it. What does not: objects,
which each test puts into a bucket of its own; a bucket is made by the first object that is put.
"""

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.servers import START_SECONDS, dying_with_us

KEY, SECRET = "tester", "s3cret/key+marker"
_numbers = count(1)


@dataclass(frozen=True)
class ObjectStore:
    """A running server.

    Attributes:
        endpoint: `http://127.0.0.1:<port>`.
    """

    endpoint: str
    process: subprocess.Popen[bytes]

    def environment(self) -> dict[str, str]:
        """Return the variables that tell the platform of this server."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
        }

    def new_bucket(self) -> str:
        """Make an empty bucket and return its URL."""
        name = f"bucket-{next(_numbers)}"
        store = self.store(name)
        store.put(".made", b"")
        store.delete(".made")
        return f"s3://{name}"

    def store(self, bucket: str) -> "object":
        """Return an obstore store of a bucket."""
        from obstore.store import S3Store

        return S3Store(
            bucket,
            config={
                "endpoint": self.endpoint,
                "access_key_id": KEY,
                "secret_access_key": SECRET,
                "region": "us-east-1",
                "virtual_hosted_style_request": False,
            },
            client_options={"allow_http": True},
        )

    def stop(self) -> None:
        """Stop the server at once; its objects are not kept."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(timeout=START_SECONDS)


@cache
def object_store() -> ObjectStore:
    """Return this process's S3 server, started on first use."""
    return start_object_store()


def start_object_store() -> ObjectStore:
    """Start another one, for a test that stops it; the caller calls `stop`."""
    folder = Path(tempfile.mkdtemp(prefix="test-s3-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    keys = [{"accessKey": KEY, "secretKey": SECRET}]
    actions = ["Admin", "Read", "Write", "List"]
    identities = [{"name": KEY, "credentials": keys, "actions": actions}]
    (folder / "s3.json").write_text(json.dumps({"identities": identities}))
    ports = {name: free_port() for name in ("s3", "master", "volume", "filer")}
    grpc = {name: free_port() for name in ports}
    command = [str(Path(sys.executable).parent / "weed"), "server", f"-dir={folder}"]
    command += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3", f"-s3.config={folder}/s3.json"]
    command += [f"-{name}.port={port}" for name, port in ports.items()]
    command += [f"-{name}.port.grpc={port}" for name, port in grpc.items()]
    command += ["-master.volumeSizeLimitMB=64", "-volume.max=0"]
    # Catalogs of other table formats, each on a port of its own.
    command += ["-s3.port.iceberg=0", "-s3.port.lance=0"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            dying_with_us(command),
            cwd=folder,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(folder)},
            start_new_session=True,
        )
    server = ObjectStore(f"http://127.0.0.1:{ports['s3']}", process)
    atexit.register(server.stop)
    return _ready(server, folder)


def _ready(server: ObjectStore, folder: Path) -> ObjectStore:
    """Wait until an object can be put."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            server.new_bucket()
            return server
        except Exception as error:
            if server.process.poll() is not None or time.monotonic() > deadline:
                log = (folder / "log").read_text(errors="replace")[-2000:]
                pytest.fail(f"the S3 server did not start: {error}\n{log}")
            time.sleep(0.1)
