"""Errors that are for people: what went wrong, and the way out."""


class PlatformError(Exception):
    """An error whose message is shown as it stands, without a traceback.

    Args:
        message: what went wrong, naming the file, line, source or setting.
        hint: the way out, as an instruction.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message
