"""The command `intq`: one subcommand a file in intq/commands. Exit code 2: a mistake the user can put right."""
import argparse
import sys

from intq import __version__
from intq.commands import bench, compile, eval, export, finetune, inspect, merge, predict, step, train
from intq.errors import UserError
from intq.trainer import Interrupted

COMMANDS = (export, inspect, step, train, finetune, eval, predict, merge, compile, bench)


class Parser(argparse.ArgumentParser):
    """Wide help; an unknown or abbreviated option is an error."""

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("formatter_class", lambda prog: argparse.HelpFormatter(prog, max_help_position=34, width=110))
        super().__init__(*args, allow_abbrev=False, **kwargs)


def build_parser():
    parser = Parser(prog="intq", description="Fine-tune BERT encoders in integer arithmetic, bit for bit reproducibly.")
    parser.add_argument("--version", action="version", version=f"intq {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for module in COMMANDS:
        module.add(commands)
    return parser


def main(argv=None):
    args = build_parser().parse_args(argv)
    try:
        return args.run(args) or 0
    except UserError as error:
        print(f"intq: error: {error}", file=sys.stderr)
        return 2
    except Interrupted as stop:
        print(f"intq: {stop}", file=sys.stderr)
        return 130
    except KeyboardInterrupt:
        print("intq: interrupted", file=sys.stderr)
        return 130
    except MemoryError:
        print("intq: error: not enough memory; a smaller --batch or --seq needs less", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 141
    except OSError as error:
        print(f"intq: error: {error.filename or ''}: {error.strerror or error}".replace(": :", ":"), file=sys.stderr)
        return 2
