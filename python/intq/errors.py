"""The one exception for what a user can put right: the command line prints it and exits with code 2."""


class UserError(Exception):
    """A clear message: what was expected, what was found, where."""


class NonFiniteError(UserError):
    """A run met NaN or an infinity; the state in memory is void."""
