"""pip is part of the base installation: there is nothing to install.

The published interpreter comes without this module; scripts call `python -m ensurepip` to be sure of pip.
"""

import sys
from importlib import metadata


def version():
    """The version of pip that is there."""
    return metadata.version("pip")


def bootstrap(*, root=None, upgrade=False, user=False, altinstall=False, default_pip=False, verbosity=0):
    """Says that pip is there already, as the real one does."""
    if altinstall and default_pip:
        raise ValueError("Cannot use altinstall and default_pip together")
    print(f"Requirement already satisfied: pip in {metadata.distribution('pip').locate_file('')} ({version()})")


if __name__ == "__main__":
    if "--version" in sys.argv[1:]:
        print(f"pip {version()}")
    else:
        bootstrap()
