"""A container of a rendered pod as a process here: its command, environment, user and mounts, nothing else to
write to, no capability. Other than in a real pod are the image, whose place this checkout takes, and the network."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.stack.kubernetes.manifests import ROOT, Object, Workload, named, settings_of
from tests.stack.servers import free_port
from tests.waiting import PATIENCE, eventually


def require_sandbox(missing: Callable[[str], None]) -> None:
    """Skips where there is no bubblewrap, or where it may not work."""
    if not shutil.which("bwrap"):
        missing("bubblewrap")
    attempt = ["bwrap", "--unshare-user", "--ro-bind", "/", "/", "true"]
    if subprocess.run(attempt, check=False).returncode:
        missing("the right to make a user namespace, which bubblewrap needs,")


@dataclass(frozen=True)
class Cluster:
    """What all pods share: the rendered objects, and a folder with the volumes. `instead`: variables that are others
    here than in a cluster, addresses and secrets. `files`: what keys of Secrets hold that are mounted."""

    objects: tuple[Object, ...]
    folder: Path
    instead: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict)

    def claim(self, name: str) -> Path:
        """The folder that stands for a volume."""
        path = self.folder / name
        path.mkdir(exist_ok=True)
        return path

    def command(self, workload: Workload, container: Object, command: list[str], **variables: str) -> list[str]:
        """What runs `command` as `container` would."""
        user, group = (str(workload.pod["securityContext"][word]) for word in ("runAsUser", "runAsGroup"))
        return [
            *("bwrap", "--die-with-parent", "--new-session", "--unshare-pid", "--unshare-ipc", "--unshare-uts"),
            *("--unshare-user", "--uid", user, "--gid", group, "--cap-drop", "ALL"),
            *("--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib"),
            *("--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev"),
            *(word for mount in container["volumeMounts"] for word in self._mounted(workload, mount)),
            # After the mounts, one of which may be /tmp: this checkout may lie there.
            *(word for path in _programs() for word in ("--ro-bind", path, path)),
            *("--remount-ro", "/", "--chdir", "/", "--clearenv"),
            *(word for pair in self._environment(container, variables).items() for word in ("--setenv", *pair)),
            *command,
        ]

    def _environment(self, container: Object, variables: Mapping[str, str]) -> dict[str, str]:
        own = {variable["name"]: variable["value"] for variable in container.get("env", []) if "value" in variable}
        here = {
            "PATH": f"{sys.prefix}/bin:/usr/bin",
            "PYTHONPATH": str(ROOT / "src"),
            "HOME": "/tmp",
        }  # as in the image
        return settings_of(self.objects) | own | here | dict(self.instead) | dict(variables)

    def _mounted(self, workload: Workload, mount: Object) -> list[str]:
        volume = next(volume for volume in workload.pod["volumes"] if volume["name"] == mount["name"])
        option = "--ro-bind" if mount.get("readOnly") else "--bind"
        if claim := volume.get("persistentVolumeClaim"):
            return [option, str(self.claim(claim["claimName"])), mount["mountPath"]]
        if config := volume.get("configMap"):
            files = named(self.objects, "ConfigMap", "newsdesk-configs")["data"]
            return [option, self._files(config["name"], files), mount["mountPath"]]
        if secret := volume.get("secret"):
            files = {
                item["path"]: self.files.get(item["key"], f"the {item['key']} of this test\n")
                for item in secret["items"]
            }
            return [option, self._files(secret["secretName"], files), mount["mountPath"]]
        return ["--tmpfs", mount["mountPath"]]

    def _files(self, name: str, files: Mapping[str, str]) -> str:
        folder = self.claim(name)
        for file, content in files.items():
            (folder / file).write_text(content, encoding="utf-8")
        return str(folder)

    def run(self, workload: Workload, container: Object, command: list[str] | None = None) -> str:
        """Run a container to its end, or another command in its place; what it wrote to standard output."""
        line = self.command(workload, container, command or container["command"])
        done = subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE * 2, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def pod(self, workload: Workload) -> Iterator["Pod"]:
        """A pod that serves, from its startup probe on, and that is gone in the end as with its node."""
        (container,) = workload.pod["containers"]
        port, command = free_port(), list(container["command"])
        if "--port" in command:
            command[command.index("--port") + 1] = str(port)
        line = self.command(workload, container, command, API_PORT=str(port))
        log = self.folder / f"{workload.name}-{port}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(line, stdout=output, stderr=output)
        pod = Pod(process, container, port, log)
        try:
            eventually(lambda: pod.probe("startup") == httpx.codes.OK, "the startup probe")
            yield pod
        finally:
            pod.kill()


@dataclass(frozen=True)
class Pod:
    process: subprocess.Popen[bytes]
    container: Object
    port: int
    log: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def probe(self, name: str) -> int:
        """What a probe of the manifest is answered with; 0 where nobody answers."""
        assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
        probe = self.container[f"{name}Probe"]
        try:
            return httpx.get(self.address + probe["httpGet"]["path"], timeout=probe["timeoutSeconds"]).status_code
        except httpx.TransportError:
            return 0

    def kill(self) -> None:
        """As where a node is lost: nothing is said, nothing is written any more."""
        self.process.kill()
        self.process.wait(timeout=PATIENCE)


def _programs() -> list[str]:
    """Python, the packages and this checkout, wherever they are."""
    found = {str(Path(path).resolve()) for path in (sys.base_prefix, sys.prefix, ROOT)}
    return sorted(path for path in found if not path.startswith("/usr" + os.sep) and path != "/usr")
