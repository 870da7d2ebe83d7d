"""A SCIM server that remembers nothing, for the random run: it answers what a real one would and never fails.

Prints its address. Listens on loopback alone.
"""

import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

COUNT = 25


def user(ident):
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": ident,
        "userName": f"{ident}@example.com",
        "active": True,
        "name": {"givenName": "Maya", "familyName": "Ortiz"},
        "emails": [{"value": f"{ident}@example.com", "primary": True}],
        "roles": [{"value": "viewer"}],
        "groups": [{"value": "g1", "display": "West Coast"}],
        "meta": {"created": "2026-01-01T00:00:00Z", "lastModified": "2026-02-01T00:00:00Z"},
    }


def group(ident):
    return {"id": ident, "displayName": "West Coast", "members": [{"value": "u1"}]}


class Scim(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=None):
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/scim+json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def list(self, make, query):
        # a filter that this server does not know finds nothing
        if "filter" in query:
            match = re.fullmatch(r'userName eq "(u\d+)@example.com"', query["filter"][0])
            found = [make(match[1])] if match else []
            return self.answer(200, {"totalResults": len(found), "startIndex": 1, "Resources": found})
        number = lambda name, default: int(query[name][0]) if re.fullmatch(r"\d{1,6}", query.get(name, [""])[0]) else default
        start, count = max(number("startIndex", 1), 1), number("count", 10)
        numbers = range(start, min(start + count, COUNT + 1))
        resources = [make(f"{make.__name__[0]}{n}") for n in numbers]
        self.answer(200, {"totalResults": COUNT, "startIndex": start, "itemsPerPage": len(resources), "Resources": resources})

    def handle_any(self):
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        if self.headers.get("authorization") != "Bearer fuzz":
            return self.answer(401, {"detail": "who are you", "status": "401"})
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        parts = [unquote(part) for part in url.path.split("/")[3:]]
        make = {"Users": user, "Groups": group}.get(parts[0] if parts else "")
        if parts == ["ServiceProviderConfig"]:
            return self.answer(200, {"patch": {"supported": True}, "filter": {"supported": True, "maxResults": 100}})
        if parts == ["ResourceTypes"]:
            kinds = [{"name": name, "endpoint": f"/{name}s"} for name in ("User", "Group")]
            return self.answer(200, {"totalResults": 2, "Resources": kinds})
        if not make or len(parts) > 2:
            return self.answer(404, {"detail": "no such thing", "status": "404"})
        if len(parts) == 1:
            if self.command in ("GET", "HEAD"):
                return self.list(make, query)
            if self.command == "POST":
                try:
                    given = json.loads(body)
                except ValueError:
                    return self.answer(400, {"detail": "no JSON", "status": "400"})
                made = make(f"{make.__name__[0]}7")
                return self.answer(201, {**made, **given, "id": made["id"]} if isinstance(given, dict) else made)
            return self.answer(405, {"detail": "not here", "status": "405"})
        if not re.fullmatch(r"[ug]\d{1,2}", parts[1]):
            return self.answer(404, {"detail": "no such resource", "status": "404"})
        if self.command == "DELETE":
            return self.answer(204)
        self.answer(200, make(parts[1]))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Scim)
print(f"http://127.0.0.1:{server.server_address[1]}/scim/v2", flush=True)
sys.stdin.close()
server.serve_forever()
