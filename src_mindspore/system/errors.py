"""The one exception that means: what the user gave cannot be used."""


class UserError(Exception):
    """Input that cannot be used: its text is shown as it is, without a traceback.

    The text states the rule, what was got and what is accepted. Commands print it on stderr and
    exit with status 2.
    """
