"""A real nginx with the configuration that we ship."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.programs import free_port

CONFIGURATION = Path(__file__).parents[1] / "deploy" / "nginx.conf"


class Proxy:
    """It, on free ports, before two servers."""

    def __init__(self, folder: Path, servers: list[int]) -> None:
        program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
        if program is None:
            pytest.skip("nginx isn't installed")
        self.port = free_port()
        text = CONFIGURATION.read_text()
        for shipped, ours in zip(("8081", "8082"), servers, strict=True):
            text = text.replace(f"127.0.0.1:{shipped}", f"127.0.0.1:{ours}")
        text = text.replace("listen 8080;", f"listen 127.0.0.1:{self.port};")
        text = re.sub(r"(?m)^pid .*$", f"pid {folder}/nginx.pid;\ndaemon off;", text)
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "".join(f"    {kind}_temp_path {folder}/{kind};\n" for kind in kinds)
        file = folder / "nginx.conf"
        file.write_text(text.replace("http {\n", f"http {{\n{temporary}"))
        with (folder / "nginx.txt").open("w") as said:
            self._process = subprocess.Popen(  # noqa: S603 - a program of this machine
                [program, "-c", str(file), "-p", str(folder), "-e", "stderr"], stderr=said
            )

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
