"""For each message of a JSON list (Base64) every part as Python's email package
sees it, by the part numbers of IMAP (RFC 9051 section 6.4.5.1)."""

import base64
import email
import json
import sys


def params(part, header):
    # With an asterisk names and values are spelled otherwise on both sides.
    found = part.get_params(header=header, unquote=True) or []
    if header not in part or not found:
        return {}
    return {name.lower(): value for name, value in found[1:]}


def walk(part, path, found):
    """`part` is an entity; `path` its number."""
    node = {
        "type": part.get_content_type(),
        "encoding": (part["content-transfer-encoding"] or "7bit").strip().lower(),
        "id": part["content-id"],
        "description": part["content-description"],
        "location": part["content-location"],
        "md5": part["content-md5"],
        "disposition": part.get_content_disposition(),
    }
    if "content-type" in part:
        node["params"] = params(part, "content-type")
    found[path] = node
    if part.is_multipart():
        if part.get_content_maintype() == "multipart":
            children(part, path, found)
        else:
            # The message inside: its parts are numbered below this one.
            top(part._payload[0], path, found)
        return
    raw = (part._payload or "").encode("utf-8", "surrogateescape")
    decoded = part.get_payload(decode=True) or b""
    node["raw"] = base64.b64encode(raw).decode()
    node["decoded"] = base64.b64encode(decoded).decode()


def children(part, path, found):
    for number, child in enumerate(part._payload, 1):
        walk(child, f"{path}.{number}" if path else str(number), found)


def top(message, path, found):
    """The content of a message: one part, or those of its multipart."""
    if message.get_content_maintype() == "multipart" and message.is_multipart():
        children(message, path, found)
    else:
        walk(message, f"{path}.1" if path else "1", found)


def main():
    results = []
    for text in json.load(sys.stdin):
        found = {}
        top(email.message_from_bytes(base64.b64decode(text)), "", found)
        results.append(found)
    json.dump(results, sys.stdout)


main()
