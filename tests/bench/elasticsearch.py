"""Sends the rows of a Parquet file to Elasticsearch with the bulk helper of the Python client, and nothing else.

python elasticsearch.py URL INDEX PARQUET SERIALIZER
"""

import sys

# This file has the name of the client.
sys.path = [path for path in sys.path if not path.endswith("bench")]

import pyarrow.parquet as parquet
from elasticsearch import Elasticsearch, OrjsonSerializer, helpers


def documents(path, index, plain):
    """The rows as actions with the key as their id. Serializers make texts of dates and numbers of decimals; for that of
    the standard library it is cheaper to do so here, if `plain`."""
    for batch in parquet.ParquetFile(path).iter_batches(10_000):
        for row in batch.to_pylist():
            if plain:
                for name in ("l_shipdate", "l_commitdate", "l_receiptdate"):
                    row[name] = row[name].isoformat()
                for name in ("l_quantity", "l_extendedprice", "l_discount", "l_tax"):
                    row[name] = float(row[name])
            key = f"{row['l_orderkey']}|{row['l_linenumber']}"
            yield {"_op_type": "index", "_index": index, "_id": key, "_source": row}


url, index, path, serializer = sys.argv[1:]
chosen = {"serializer": OrjsonSerializer()} if serializer == "orjson" else {}
client = Elasticsearch(url, request_timeout=120, **chosen)
actions = documents(path, index, serializer == "json")
sent, failed = helpers.bulk(client, actions, chunk_size=5000, stats_only=True)
print(f"{sent} sent, {failed} failed")
