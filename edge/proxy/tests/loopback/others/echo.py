"""echo.py [CERT KEY]: a WebSocket server that says everything backwards; prints
its port, and ends with its standard input."""
import asyncio, ssl, sys
import websockets


async def echo(connection):
    async for message in connection:
        await connection.send(message[::-1])


async def main():
    ours = None
    if len(sys.argv) > 1:
        ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ours.load_cert_chain(*sys.argv[1:])
    async with websockets.serve(echo, "127.0.0.1", 0, ssl=ours, max_size=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)


asyncio.run(main())
