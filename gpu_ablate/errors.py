"""The exceptions that users see; each carries where, what, and what to do."""


class AblateError(Exception):
    """Base of all errors raised on purpose."""


class SceneError(AblateError):
    """The scene, or a file that it names, cannot be used (exit code 2)."""


class RunError(AblateError):
    """A run went wrong while computing (exit code 1)."""


class BackendError(AblateError):
    """The backend asked for cannot be used on this machine (exit code 2)."""


class ResultError(AblateError):
    """A run folder or result file cannot be read or written (exit code 2)."""
