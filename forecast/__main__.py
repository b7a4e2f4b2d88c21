"""``python -m forecast`` is the command line; ``forecast mail`` begins without the rest of it.

A mail waits while it is scored: its way imports no more than it needs, neither numpy nor numba.
"""

import sys


def main() -> int:
    """Run the command line with the words of this process; returns the exit code."""
    if sys.argv[1:2] == ["mail"]:
        from forecast.compiled import plainly

        plainly()
        from forecast.mail.delivery import main as mail

        return mail(sys.argv[2:])
    from forecast.cli import main as command

    return command()


if __name__ == "__main__":
    sys.exit(main())
