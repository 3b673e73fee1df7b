"""A Kubernetes API server with its etcd, and nothing else: it checks and stores, and no pod ever runs."""

import json
import secrets
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from components.build import ensure
from stack.running.ports import find_free_ports
from tests.e2e.live import eventually

HOST = "127.0.0.1"
STARTS_WITHIN = 180
"""Seconds, on a busy machine."""
PLURALS = {
    "NetworkPolicy": "networkpolicies",
    "ServiceMonitor": "servicemonitors",
    "Prometheus": "prometheuses",
}
CLUSTERWIDE = {"CustomResourceDefinition", "Namespace"}


@dataclass(frozen=True)
class Applied:
    """An answer of the API server: the stored resource or its refusal, and the warnings that it gave."""

    status: int
    body: dict[str, Any]
    warnings: list[str]

    @property
    def is_clean(self) -> bool:
        """Whether it was accepted without a word."""
        return self.status in (200, 201) and not self.warnings


@dataclass(frozen=True)
class Cluster:
    """The API server's address, the certificate it is known by, and an administrator's token."""

    url: str
    certificate: Path
    token: str
    client: httpx.Client

    @property
    def environment(self) -> Mapping[str, str]:
        """For Helm."""
        return {
            "HELM_KUBEAPISERVER": self.url,
            "HELM_KUBECAFILE": str(self.certificate),
            "HELM_KUBETOKEN": self.token,
        }

    def apply(self, manifest: Mapping[str, Any] | str, *, name: str = "", dry_run: bool = False) -> Applied:
        """Server-side apply, in which unknown and double fields are errors.

        A text is a CustomResourceDefinition of this name, and sent as it is.
        """
        if isinstance(manifest, str):
            path, body = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}", manifest
        else:
            path, body = f"{_collection(manifest)}/{manifest['metadata']['name']}", json.dumps(manifest)
        options = {"fieldManager": "tests", "fieldValidation": "Strict", "force": "true"}
        answer = self.client.patch(
            path,
            params=options | ({"dryRun": "All"} if dry_run else {}),
            headers={"content-type": "application/apply-patch+yaml"},
            content=body,
        )
        return _read(answer)

    def create(self, manifest: Mapping[str, Any], *, dry_run: bool = False) -> Applied:
        """As `kubectl create` does it."""
        options = {"fieldValidation": "Strict"} | ({"dryRun": "All"} if dry_run else {})
        return _read(self.client.post(_collection(manifest), params=options, json=manifest))

    def get(self, kind: str, version: str, namespace: str, name: str) -> dict[str, Any]:
        """What is stored. Fails where nothing is."""
        wanted = {"apiVersion": version, "kind": kind, "metadata": {"namespace": namespace}}
        answer = self.client.get(f"{_collection(wanted)}/{name}")
        assert answer.status_code == 200, answer.text
        content: dict[str, Any] = answer.json()
        return content


def _read(answer: httpx.Response) -> Applied:
    warnings = urllib.request.parse_http_list(", ".join(answer.headers.get_list("warning")))
    return Applied(answer.status_code, answer.json(), warnings)


def _collection(manifest: Mapping[str, Any]) -> str:
    version, kind = manifest["apiVersion"], manifest["kind"]
    plural = PLURALS.get(kind, f"{kind.lower()}s")
    group = f"/apis/{version}" if "/" in version else f"/api/{version}"
    return (
        f"{group}/{plural}" if kind in CLUSTERWIDE else f"{group}/namespaces/{_namespace(manifest)}/{plural}"
    )


def _namespace(manifest: Mapping[str, Any]) -> str:
    return str(manifest["metadata"]["namespace"])


@contextmanager
def run_cluster(folder: Path) -> Iterator[Cluster]:
    """It listens on loopback only, and is gone with all it stored when the context ends."""
    programs = ensure(["etcd", "kube-apiserver"])
    ports = find_free_ports(["etcd", "etcd_peer", "api"])
    etcd = f"http://{HOST}:{ports['ETCD']}"
    token, key = secrets.token_hex(16), folder / "accounts.key"
    (folder / "tokens.csv").write_text(f"{token},admin,admin,system:masters\n")
    subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
    with ExitStack() as running:
        running.enter_context(
            _process([programs["etcd"], *_etcd(folder, etcd, f"http://{HOST}:{ports['ETCD_PEER']}")], folder)
        )
        with httpx.Client(base_url=etcd) as asking:
            _await_answer("etcd", asking, "/health", folder)
        running.enter_context(
            _process([programs["kube-apiserver"], *_api_server(folder, etcd, ports["API"])], folder)
        )
        certificate = folder / "certificates" / "apiserver.crt"
        eventually(f"the API server has a certificate, see {folder}", certificate.exists, STARTS_WITHIN)
        client = httpx.Client(
            base_url=f"https://{HOST}:{ports['API']}",
            verify=ssl.create_default_context(cafile=str(certificate)),
            headers={"authorization": f"Bearer {token}"},
            timeout=60,
        )
        running.enter_context(client)
        _await_answer("the API server", client, "/readyz", folder)
        yield Cluster(str(client.base_url), certificate, token, client)


def _etcd(folder: Path, client: str, peer: str) -> list[str]:
    return [
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
        "--log-level=error",
    ]


def _api_server(folder: Path, etcd: str, port: str) -> list[str]:
    return [
        f"--etcd-servers={etcd}",
        f"--bind-address={HOST}",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'certificates'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        f"--service-account-key-file={folder / 'accounts.key'}",
        f"--service-account-signing-key-file={folder / 'accounts.key'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--authorization-mode=RBAC",
        "--endpoint-reconciler-type=none",
    ]


@contextmanager
def _process(command: Sequence[str | Path], folder: Path) -> Iterator[None]:
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(list(map(str, command)), cwd=folder, stdout=output, stderr=output)
        try:
            yield
            assert process.poll() is None, f"{log.name} ended by itself: {log.read_text()[-2000:]}"
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await_answer(what: str, client: httpx.Client, path: str, folder: Path) -> None:
    def answers() -> bool:
        try:
            return client.get(path).status_code == 200
        except httpx.TransportError:
            return False

    eventually(f"{what} answers, see the logs in {folder}", answers, STARTS_WITHIN)
