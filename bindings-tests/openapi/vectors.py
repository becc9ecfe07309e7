"""Every step of the vectors against the document of the admin API: what an operation takes and gives follows its schema,
and an error is listed at a status: python vectors.py DOCUMENT."""

import json
import pathlib
import sys

from jsonschema import Draft202012Validator

VECTORS = pathlib.Path(__file__).parent.parent / "vectors"
document = json.loads(pathlib.Path(sys.argv[1]).read_text())
validators = {}


def check(value, media, of):
    """Raises where a value does not follow the schema of a body."""
    pointer = media["content"]["application/json"]["schema"]["$ref"]
    if pointer not in validators:
        validators[pointer] = Draft202012Validator({"$ref": pointer, "components": document["components"]})
    for error in validators[pointer].iter_errors(value):
        raise AssertionError(f"{of}: {error.message} in {value}")


done = set()
cases = json.loads((VECTORS / "flows.json").read_text())["cases"]
for step in (step for case in cases for step in case["steps"]):
    path = document["paths"].get(f"/v1/{step['op']}")
    if path is None:
        continue
    post = path["post"]
    if "output" in step:
        check(step["input"], post["requestBody"], f"the input of {step['op']}")
        check(step["output"], post["responses"]["200"], f"the output of {step['op']}")
        done.add(step["op"])
    elif "error" in step:
        listed = [code for response in post["responses"].values() for code in response.get("x-error-codes", [])]
        assert step["error"] in listed, f"{step['op']}: {step['error']}"
# What is no operation is only read.
missing = [path for path, methods in document["paths"].items() if "post" in methods and path.removeprefix("/v1/") not in done]
assert not missing, f"no vector shows the output of {missing}"
print(f"{len(done)} operations take and give what the document says")
