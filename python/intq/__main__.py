"""`python -m intq`: the same as the command `intq`."""
from intq.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
