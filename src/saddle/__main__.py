"""`python -m saddle`: the same as the `saddle` command."""

from saddle.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
