"""sockets.py PROXY CA CERT KEY: a WebSocket server and its client, which goes
through the proxy; prints what came back of each message."""
import asyncio, socket, ssl, sys
import websockets

proxy, ca, cert, key = sys.argv[1:]


async def echo(connection):
    async for message in connection:
        await connection.send(message[::-1])


def through(port):
    host, own = proxy.removeprefix("http://").split(":")
    wire = socket.create_connection((host, int(own)))
    wire.sendall(f"CONNECT localhost:{port} HTTP/1.1\r\n\r\n".encode())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += wire.recv(1)
    assert answer.startswith(b"HTTP/1.1 200"), answer
    return wire


async def main():
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(cert, key)
    theirs = ssl.create_default_context(cafile=ca)
    async with websockets.serve(echo, "127.0.0.1", 0, ssl=ours, max_size=None) as server:
        port = server.sockets[0].getsockname()[1]
        wire = await asyncio.to_thread(through, port)
        async with websockets.connect(f"wss://localhost:{port}/chat", sock=wire, ssl=theirs, server_hostname="localhost", max_size=None) as connection:
            print(connection.extensions[0].name)
            for message in ["one", "zwei ☃", bytes(range(256)), "long " * 100_000, ""]:
                await connection.send(message)
                print(await connection.recv() == message[::-1])
            print((await asyncio.wait_for(await connection.ping(), 30)) is not False)


asyncio.run(main())
