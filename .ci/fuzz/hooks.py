"""What must hold of every answer, beyond what schemathesis checks by itself."""

import threading
from pathlib import Path

import os
import schemathesis
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

COUNTED = Path(os.environ["USERDIR_FUZZ_COUNT"])
lock = threading.Lock()
total = 0
statuses = {}


@schemathesis.check
def no_failure_of_ours(ctx, response, case):
    """A 5xx is the vendor's, says that the vendor lacks something, or that an outcome is unknown; never a bare 500."""
    global total
    with lock:
        total += 1
        statuses[response.status_code] = statuses.get(response.status_code, 0) + 1
        if total % 100 == 0:
            write()
    status = response.status_code
    if status < 500:
        return
    body = response.json()
    details = body.get("details", {})
    kind = details.get("kind")
    fine = {
        500: details.get("outcome") == "unknown" or "steps" in details,
        501: kind == "not_supported",
        502: body.get("truto_is_remote_error") is True or kind in ("transport", "unexpected_response", "incomplete"),
        504: kind == "timeout",
    }
    assert fine.get(status, False), f"a failure of ours: {status} {response.text[:500]}"


def write():
    lines = [f"total {total}"] + [f"{status} {count}" for status, count in sorted(statuses.items())]
    COUNTED.write_text("\n".join(lines) + "\n")


@schemathesis.check
def counted(ctx, response, case):
    with lock:
        write()


@schemathesis.check
def the_unified_form(ctx, response, case):
    """Where no other form is asked for, the answer is the first one that the document names."""
    document = case.operation.schema.raw_schema
    if response.status_code != 200 or not case.operation.path.startswith("/unified/user-directory/"):
        return
    query = case.query or {}
    other = ("truto_response_format", "truto_exclude_fields", "truto_exclude_fields[]", "truto_skip_api_call", "truto_dry_run")
    if any(name in query for name in other):
        return
    raw = document["paths"][case.operation.path][case.operation.method.lower()]
    schema = raw["responses"]["200"]["content"]["application/json"]["schema"]
    if "anyOf" not in schema:
        return
    registry = Registry().with_resource("urn:document", Resource.from_contents(document, default_specification=DRAFT202012))
    first = rooted(schema["anyOf"][0])
    error = next(Draft202012Validator(first, registry=registry).iter_errors(response.json()), None)
    assert error is None, f"not the unified form: {error.message[:300]} at {list(error.absolute_path)}"


def rooted(schema):
    if isinstance(schema, dict):
        return {k: f"urn:document{v}" if k == "$ref" else rooted(v) for k, v in schema.items()}
    if isinstance(schema, list):
        return [rooted(item) for item in schema]
    return schema
