"""`python -m patisserie` is the `patisserie` command, for those whose PATH does not have it."""

from patisserie.cli.app import main

if __name__ == "__main__":
    main()
