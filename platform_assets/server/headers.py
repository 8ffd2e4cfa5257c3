"""Headers that keep a page from doing what it should not, on every answer of an application."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class SafeHeaders:
    """Puts a content security policy and its company on every response of the application inside.

    Args:
        app: the application.
        policy: the content security policy.
        referrer: which addresses are told to whom; a page with a form that is sent needs
            `same-origin`, because a browser that may not say where a form comes from sends
            `Origin: null`.
    """

    def __init__(self, app: ASGIApp, policy: str, referrer: str = "no-referrer") -> None:
        self.app = app
        self.headers = {
            b"content-security-policy": policy.encode(),
            b"x-content-type-options": b"nosniff",
            b"referrer-policy": referrer.encode(),
            b"cache-control": b"no-cache",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [(k, v) for k, v in message["headers"] if k.lower() not in self.headers]
                message["headers"] = [*kept, *self.headers.items()]
            await send(message)

        await self.app(scope, receive, send_with_headers)
