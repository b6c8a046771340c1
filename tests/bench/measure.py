"""Runs a program and prints its wall and CPU seconds and its largest memory in bytes, as JSON in the last line.

python measure.py PROGRAM ARGUMENTS...
"""

import json
import resource
import subprocess
import sys
import time

started = time.monotonic()
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
seconds = time.monotonic() - started
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss * 1024}))
sys.exit(status)
