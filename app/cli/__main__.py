"""`python -m app.cli` is `groat`."""

import sys

from app.cli.door import main

sys.exit(main())
