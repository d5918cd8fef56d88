"""Requests that no server can answer, by name. None of them gets anything but a status from 400 to 499, or no answer at all."""


def post(body, length=None, type="application/json", headers="", path="/v1/chat/completions"):
    length = len(body) if length is None else length
    return (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {type}\r\nContent-Length: {length}\r\n{headers}\r\n"
            ).encode() + body


CHUNKED = (b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
           b"Transfer-Encoding: chunked\r\n\r\n")
JSON = b'{"model":"float","prompt":"kitchen"}'

BAD_REQUESTS = {
    # Broken JSON
    "an open object": post(b'{"model":"float"'),
    "no JSON": post(b"kitchen light on"),
    "bytes that are no text": post(bytes(range(256))),
    "too many brackets": post(b"[" * 100_000),
    "an unknown field": post(b'{"model":"float","prompt":"a","surprise":1}', path="/v1/completions"),
    "an empty body": post(b""),
    # Broken HTTP
    "no HTTP": b"kitchen light on\r\n\r\n",
    "bytes of another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200) + b"\r\n\r\n",
    "a head without an end": b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n",
    "a head that is too long": b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    "a header without a colon": b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\nnothing\r\n\r\n",
    "an unknown method": b"BREW /v1/completions HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "another type": post(JSON, type="text/plain", path="/v1/completions"),
    # Wrong lengths
    "a body that is too short": post(JSON, length=len(JSON) + 50, path="/v1/completions"),
    "a body that is too long": post(JSON[:-1] + b" " * 50, length=len(JSON) - 1, path="/v1/completions"),
    "a length that is no number": post(JSON, length="many", path="/v1/completions"),
    "a length below nothing": post(JSON, length=-5, path="/v1/completions"),
    "a length beyond all bounds": post(JSON, length=10**12, path="/v1/completions"),
    "a chunk of no size": CHUNKED + b"zz\r\n" + JSON + b"\r\n0\r\n\r\n",
    "a chunk that does not come": CHUNKED + b"24\r\n" + JSON[:5],
    # Half open
    "nothing": b"",
    "the first byte": b"P",
}
