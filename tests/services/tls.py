"""Ends TLS before a plain server: tls.py PORT TARGET CERTIFICATE KEY, both ports on loopback."""

import asyncio
import ssl
import sys


async def main(port, target, certificate, key):
    """Listens for ever."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    async def serve(client, to_client):
        try:
            server, to_server = await asyncio.open_connection("127.0.0.1", int(target))
        except OSError:
            to_client.close()
            return
        await asyncio.gather(pass_on(client, to_server), pass_on(server, to_client))

    listener = await asyncio.start_server(serve, "127.0.0.1", int(port), ssl=context)
    await listener.serve_forever()


async def pass_on(reader, writer):
    """Writes what is read until one side ends, then ends the other."""
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


asyncio.run(main(*sys.argv[1:]))
