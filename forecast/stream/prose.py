"""English prose that needs no file: the help topics of Python, and in them its reference."""

NAME = "python-help"  # by which a person asks for it


def python_help() -> bytes:
    """The help topics in the order of their names, as one text: some 450 kB.

    Raises
    ------
    ImportError
        Where Python came without them.

    Examples
    --------
    >>> b"evaluates to" in python_help()
    True
    """
    from pydoc_data.topics import topics  # half a megabyte

    return "\n".join(topics[name] for name in sorted(topics)).encode()
