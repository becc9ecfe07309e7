"""Checks every vector file beside this one against the schema of the same name in `schema/`."""

import json
import pathlib
import sys

import jsonschema

HERE = pathlib.Path(__file__).parent


def faults(path):
    schema_path = HERE / "schema" / f"{path.stem}.schema.json"
    if not schema_path.exists():
        return [f"there is no {schema_path.relative_to(HERE)}"]
    schema = json.loads(schema_path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    document = json.loads(path.read_text(encoding="utf-8"))
    errors = jsonschema.Draft202012Validator(schema).iter_errors(document)
    return [f"{error.json_path}: {error.message[:300]}" for error in errors]


def main():
    failed = False
    for path in sorted(HERE.glob("*.json")):
        found = faults(path)
        failed = failed or bool(found)
        print(f"{path.name}: {'; '.join(found[:5]) if found else 'follows its schema'}")
    for schema in sorted(HERE.glob("schema/*.schema.json")):
        if not (HERE / f"{schema.name.removesuffix('.schema.json')}.json").exists():
            failed = True
            print(f"schema/{schema.name}: there is no such vector file")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
