"""`python -m village_credit.cli`, where the console command is not on the path."""

import sys

from village_credit.cli import main

sys.exit(main())
