"""What a shell completes after ``forecast``: scripts made from the parsers themselves."""

import argparse
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from forecast.live.options import parser as live_parser
from forecast.options import parser

# how files are told from other values: by what the help calls them
FILES = ("FILE", "DIR", "SOURCE", "PATH")
HELP = "-h", "--help"
# forecast.mail.delivery reads its own words, for it cannot wait for argparse
MAIL = {"--filter": "", "--state": "FILE"}, ("score", "spam", "ham", "undo")


class Option(NamedTuple):
    """An option of a command, and what may follow it."""

    names: tuple[str, ...]
    said: str  # in a few words
    takes: str  # what its value is called; "" where it has none
    choices: tuple[str, ...]


class Command(NamedTuple):
    """A command, its options, and the words that may stand alone."""

    name: str
    said: str
    options: list[Option]
    words: tuple[str, ...]  # files where there are none


def commands() -> list[Command]:
    """All commands, as the parsers know them.

    Examples
    --------
    >>> [command.name for command in commands()]
    ['run', 'compare', 'check', 'live', 'mail', 'completion']
    """
    (chosen,) = (a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
    said = {choice.dest: _short(choice.help) for choice in chosen._choices_actions}
    parsers = {**chosen.choices, "live": live_parser()}
    found = []
    for name, of in parsers.items():
        alone = [action for action in of._actions if not action.option_strings]
        words = tuple(str(word) for action in alone for word in action.choices or ())
        options = list(_options(of))
        if name == "mail":
            named, words = MAIL
            options = [Option((each,), "", takes, ()) for each, takes in named.items()]
            options.append(Option(HELP, "say how it is used", "", ()))
        found.append(Command(name, said[name], options, words))
    return found


def _options(of: argparse.ArgumentParser) -> Iterator[Option]:
    for action in of._actions:
        if action.option_strings:
            takes = "" if action.nargs == 0 else str(action.metavar or action.dest)
            # one that a shell takes for its own has to be typed anyway
            choices = tuple(c for c in map(str, action.choices or ()) if shlex.quote(c) == c)
            yield Option(tuple(action.option_strings), _short(action.help), takes, choices)


def _short(text: str | None) -> str:
    """The beginning of a help, up to where it goes into details."""
    first = (text or "").replace("%%", "%")
    for end in ("; ", " (", ", as "):
        first = first.partition(end)[0]
    return first


def script(shell: str) -> str:
    """The script that a shell is to read.

    Examples
    --------
    >>> "--horizon" in script("bash"), "--horizon" in script("zsh"), "-l horizon" in script("fish")
    (True, True, True)
    """
    return {"bash": bash, "zsh": zsh, "fish": fish}[shell](commands())


def _arms(every: list[Command], offer: str) -> str:
    """Arms of a case over "command previous-word": what may stand after an option."""
    arms = []
    for command in every:
        for option in command.options:
            if option.takes and option.takes not in FILES:
                after = "|".join(f'"{command.name} {name}"' for name in option.names)
                words = offer.format(" ".join(option.choices))
                arms.append(f"    {after}) {words if option.choices else ':'}; return ;;")
    return "\n".join(arms)


def bash(every: list[Command]) -> str:
    """For ``eval "$(forecast completion bash)"``; what it does not know is left to file names."""
    names = " ".join(command.name for command in every)
    offer = 'COMPREPLY=($(compgen -W "{}" -- "$word"))'
    own = "\n".join(
        f"    {command.name}) if [[ $word == -* ]]; then "
        + offer.format(_all(command))
        + (f"; else {offer.format(' '.join(command.words))}" if command.words else "")
        + "; fi ;;"
        for command in every
    )
    return f"""\
_forecast() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}
  local command=${{COMP_WORDS[1]}}
  COMPREPLY=()
  if (( COMP_CWORD == 1 )); then
    {offer.format(names + " --help --version")}
    return
  fi
  case "$command $before" in
{_arms(every, offer)}
  esac
  case $command in
{own}
  esac
}}
complete -o default -F _forecast forecast
"""


def _all(command: Command) -> str:
    return " ".join(name for option in command.options for name in option.names)


def zsh(every: list[Command]) -> str:
    """For ``eval "$(forecast completion zsh)"`` after ``compinit``, or a file ``_forecast``."""
    names = " ".join(shlex.quote(f"{command.name}:{command.said}") for command in every)
    own = "\n".join(
        f"    {command.name}) if [[ $PREFIX == -* ]]; then compadd -- {_all(command)}; else "
        + (f"compadd -- {' '.join(command.words)}" if command.words else "_files")
        + "; fi ;;"
        for command in every
    )
    return f"""\
#compdef forecast
_forecast() {{
  local -a known
  known=({names})
  if (( CURRENT == 2 )); then
    if [[ $PREFIX == -* ]]; then compadd -- --help --version; else _describe command known; fi
    return
  fi
  case "$words[2] $words[CURRENT-1]" in
{_arms(every, "compadd -- {}")}
  esac
  case $words[2] in
{own}
  esac
}}
compdef _forecast forecast
"""


def fish(every: list[Command]) -> str:
    """For ``forecast completion fish | source``."""
    lines = [
        "complete -c forecast -n __fish_use_subcommand -f",
        "complete -c forecast -n __fish_use_subcommand -l help",
        "complete -c forecast -n __fish_use_subcommand -l version",
    ]
    for command in every:
        said = shlex.quote(command.said)
        lines.append(f"complete -c forecast -n __fish_use_subcommand -a {command.name} -d {said}")
        within = f"complete -c forecast -n '__fish_seen_subcommand_from {command.name}'"
        if command.words:
            lines.append(f"{within} -f -a {shlex.quote(' '.join(command.words))}")
        lines += [f"{within} {_fish(option)}" for option in command.options]
    return "\n".join(lines) + "\n"


def _fish(option: Option) -> str:
    said = [f"-l {name[2:]}" if name[:2] == "--" else f"-s {name[1:]}" for name in option.names]
    if option.said:
        said.append(f"-d {shlex.quote(option.said)}")
    if option.takes:
        said.append("-r" if option.takes in FILES else "-x")
    if option.choices:
        said.append(f"-a {shlex.quote(' '.join(option.choices))}")
    return " ".join(said)
