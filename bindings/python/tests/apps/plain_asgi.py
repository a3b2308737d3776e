"""An application without a framework, with rules by path; also for WebSockets."""

import json

from apps.shared import FORWARDED, MOUNTED_AT, PLACES, TRUST_REMOTE_ADDRESS, describe, verifier
from clientcert.asgi import ClientCertificates


async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    seen = json.dumps(
        describe(scope["clientcert"], [name.decode() for name, _ in scope["headers"]])
    )
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": seen})
        await send({"type": "websocket.close"})
        return
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": seen.encode()})


app = ClientCertificates(
    application,
    verifier(),
    places=PLACES,
    mounted_at=MOUNTED_AT,
    forwarded=FORWARDED,
    trust_remote_address=TRUST_REMOTE_ADDRESS,
)
