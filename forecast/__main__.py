"""``python -m forecast`` is the command line."""

import sys

from forecast.cli import main

sys.exit(main())
