"""Print the API's description: ``python -m app.api > docs/reference/openapi.json``."""

import json
import sys

from app.api.main import description


def main() -> None:
    """Write the description of this version, the same wherever it is made."""
    json.dump(description(), sys.stdout, indent=2, sort_keys=True)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
