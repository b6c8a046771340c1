"""Sending documents to Elasticsearch with the bulk helper of the Python client, and measuring any program's CPU time.

python elasticsearch.py helper URL INDEX PARQUET SERIALIZER
python elasticsearch.py measure PROGRAM ARGUMENTS...
"""

import json
import resource
import subprocess
import sys
import time

# This file has the name of the client.
sys.path = [path for path in sys.path if not path.endswith("bench")]


def documents(path, index):
    """The rows of a Parquet file as actions with the key as their id."""
    import pyarrow.parquet as parquet

    for batch in parquet.ParquetFile(path).iter_batches(10_000):
        for row in batch.to_pylist():
            row["l_shipdate"] = row["l_shipdate"].isoformat()
            row["l_commitdate"] = row["l_commitdate"].isoformat()
            row["l_receiptdate"] = row["l_receiptdate"].isoformat()
            for name in ("l_quantity", "l_extendedprice", "l_discount", "l_tax"):
                row[name] = float(row[name])
            key = f"{row['l_orderkey']}|{row['l_linenumber']}"
            yield {"_op_type": "index", "_index": index, "_id": key, "_source": row}


def helper(url, index, path, serializer):
    """Sends the rows in chunks of 5,000."""
    from elasticsearch import Elasticsearch, OrjsonSerializer, helpers

    chosen = {"serializer": OrjsonSerializer()} if serializer == "orjson" else {}
    client = Elasticsearch(url, request_timeout=120, **chosen)
    sent, failed = helpers.bulk(client, documents(path, index), chunk_size=5000, stats_only=True)
    print(json.dumps({"sent": sent, "failed": failed}))


def measure(*command):
    """Runs a program and prints its wall and CPU seconds and its largest memory in bytes."""
    started = time.monotonic()
    status = subprocess.run(command, stdout=subprocess.DEVNULL).returncode
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = time.monotonic() - started
    print(json.dumps({"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss * 1024}))
    sys.exit(status)


globals()[sys.argv[1]](*sys.argv[2:])
