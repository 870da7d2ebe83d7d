"""What the random run knows of the server, and what must hold of every answer beyond what schemathesis checks by itself.

Names that nobody could guess (accounts, ids at the vendor, link tokens) are put into every other request, and bodies that
can succeed into every fourth.
"""

import json
import os
import random
import re
import threading
from pathlib import Path

import schemathesis
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

COUNTED = Path(os.environ["USERDIR_FUZZ_COUNT"])
lock = threading.RLock()
total = 0
statuses = {}
operations = {}

KNOWN = json.loads(os.environ["USERDIR_FUZZ_KNOWN"])
chance = random.Random(int(os.environ.get("USERDIR_FUZZ_SEED") or 0))


def names(case):
    """Names that are there, for the parameters of a path."""
    path, method = case.operation.path, case.operation.method.upper()
    ids = {
        "/unified/user-directory/users": ["u1", "u2", "u3"],
        "/unified/user-directory/groups": ["g1"],
        "/unified/user-directory/role_assignments": ["u1:viewer"],
        # what the run changes is another account than the one it asks
        "/integrated-account": ["fuzz"] if method == "GET" or path.endswith("/check") else ["victim"],
        "/api-token": [KNOWN["api_token"]],
        "/environment": ["default"],
        "/environment-integration": ["scim"],
    }
    return {
        "id": ids.get(path.split("/{id}")[0], ["1"]),
        "integration": ["scim", "okta"],
        "resource": ["users", "groups"],
        "method": ["list", "get", "create", "deactivate", "downgrade"],
        "path": ["Users", "Groups", "Users/u1", "Groups/g1", "nothing"],
        "token": [KNOWN["link_token"]],
    }


def body(case):
    """A body that can succeed; none where there is nothing to know."""
    path, method = case.operation.path, case.operation.method.upper()
    context = {"base_url": KNOWN["vendor"], "bearer_token": "fuzz"}
    user = chance.choice(["u1", "u2"])
    if path.startswith("/unified/user-directory/"):
        return {
            "create": {"username": f"{user}@example.com", "name": "Maya"},
            "update": {"title": "Analyst"},
            "assign-role": {"id": user, "roles": [{"id": "viewer"}]},
            "unassign-role": {"id": user, "roles": [{"id": "viewer"}]},
            "add-user": {"group_id": "g1", "user_id": user},
            "remove-user": {"group_id": "g1", "user_id": user},
        }.get(path.rsplit("/", 1)[1] if "{" not in path else "update", {"user_id": user}) | (
            {"name": "West Coast"} if "groups" in path and method == "PATCH" else {}
        )
    return {
        "POST /integrated-account": {"integration": "scim", "tenant_id": "t", "context": context},
        "PATCH /integrated-account/{id}": {"tenant_id": "u", "context": context},
        "PATCH /integrated-account/{id}/credentials": {"bearer_token": "fuzz"},
        "PATCH /integrated-account/me": {"context": {"bearer_token": "fuzz"}},
        "POST /integrated-account/token": {"integrated_account_id": "fuzz"},
        "POST /integrated-account/refresh-credentials": {"id": "fuzz"},
        "POST /integrated-account/run-post-install-actions": {"id": "fuzz"},
        "POST /integrated-account/bulk-delete": {"ids": [f"spare-{chance.randrange(1, 10)}"]},
        "POST /link/{token}": {"integration": "scim", "method": "bearer_token", **context},
        "POST /link-token": {"tenant_id": "t", "integration": "scim", "context": context},
    }.get(f"{method} {path}")


@schemathesis.hook
def before_call(context, case, kwargs):
    with lock:
        if case.path_parameters and chance.random() < 0.5:
            known = names(case)
            for name in case.path_parameters:
                case.path_parameters[name] = chance.choice(known.get(name, ["x"]))
        if case.operation.method.upper() in ("POST", "PATCH") and chance.random() < 0.25:
            given = body(case)
            if given is not None:
                is_form = case.operation.path.startswith("/link/")
                case.body, case.media_type = given, "application/x-www-form-urlencoded" if is_form else "application/json"
                # what else the case says would only get in the way
                case.query = {name: value for name, value in (case.query or {}).items() if name == "integrated_account_id"}


@schemathesis.check
def no_failure_of_ours(ctx, response, case):
    """A 5xx is the vendor's, says that the vendor lacks something, or that an outcome is unknown; never a bare 500."""
    global total
    with lock:
        total += 1
        statuses[response.status_code] = statuses.get(response.status_code, 0) + 1
        of = operations.setdefault(case.operation.label, {})
        of[response.status_code] = of.get(response.status_code, 0) + 1
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
    # 501: the vendor of this run has no such thing
    never = [label for label, of in sorted(operations.items()) if not any(status < 400 or status == 501 for status in of)]
    lines += [f"never answered well: {label} {operations[label]}" for label in never]
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
