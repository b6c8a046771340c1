"""Runs a program and prints its wall and CPU seconds, its largest memory in bytes and what it said, as JSON in one line.

python measure.py PROGRAM ARGUMENTS...
"""

import json
import resource
import subprocess
import sys
import time

started = time.monotonic()
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE)
seconds = time.monotonic() - started
used = resource.getrusage(resource.RUSAGE_CHILDREN)
found = {"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss * 1024}
print(json.dumps({**found, "said": done.stdout.decode(errors="replace")}))
sys.exit(done.returncode)
