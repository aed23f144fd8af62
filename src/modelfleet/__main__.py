"""`python -m modelfleet`."""

from modelfleet.cli import main

if __name__ == "__main__":
    main()
