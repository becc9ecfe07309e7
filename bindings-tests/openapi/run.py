"""The documents of a running server, judged by what others make of them: python run.py FOLDER BASE ADMIN KEY.

A validator reads them; schemathesis calls the server as they allow and as they forbid: no 500, no status and no code of an
error that is not documented, no body against its schema; what it has counted of this is read by metrics.py; a client is
generated from one and used. FOLDER keeps what is made on the way."""

import json
import os
import pathlib
import subprocess
import sys
import urllib.request

from openapi_spec_validator import OpenAPIV31SpecValidator

HERE = pathlib.Path(__file__).parent
BIN = pathlib.Path(sys.executable).parent
# For each command; one that takes as long is broken.
LONGEST = 1200

folder, base, admin, key = sys.argv[1:]
folder = pathlib.Path(folder)
folder.mkdir(parents=True, exist_ok=True)


def run(*command, **more):
    print("$", *command, flush=True)
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", **more}
    subprocess.run(list(map(str, command)), check=True, cwd=folder, timeout=LONGEST, env=environment)


def fetch(url, name):
    """The document at a URL, which is one of OpenAPI 3.1, in a file."""
    with urllib.request.urlopen(url, timeout=60) as answer:
        document = json.load(answer)
    assert document["openapi"].startswith("3.1."), document["openapi"]
    OpenAPIV31SpecValidator(document).validate()
    path = folder.resolve() / name
    path.write_text(json.dumps(document))
    print(f"{url}: {len(document['paths'])} paths, valid")
    return path


def call(document, url, *more):
    """Calls what the document describes."""
    schemathesis = [BIN / "schemathesis", "--config-file", HERE / "schemathesis.toml", "run", document, "--url", url]
    run(*schemathesis, "--no-color", "--warnings", "off", *more, SCHEMATHESIS_HOOKS=str(HERE / "hooks.py"))


operations = fetch(f"{admin}/v1/openapi.json", "admin.json")
run(sys.executable, HERE / "vectors.py", operations)
call(operations, admin, "--header", f"Authorization: Bearer {key}")

endpoints = fetch(f"{base}/openapi.json", "endpoints.json")
call(endpoints, base)
run(sys.executable, HERE / "metrics.py", admin)

run(BIN / "openapi-python-client", "generate", "--path", operations, "--output-path", "admin_client",
    "--meta", "none", "--overwrite", "--fail-on-warning")
run(sys.executable, HERE / "client.py", admin, key, PYTHONPATH=str(folder.resolve()))
