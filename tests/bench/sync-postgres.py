"""One sender of a Parquet file to a table of PostgreSQL, in a fresh process.

python sync-postgres.py SENDER DSN TABLE PARQUET
"""

import sys

# Rows that are turned into one piece of a COPY.
PIECE = 65_536


def batches(path, rows=PIECE):
    """The rows of a Parquet file as Arrow batches, one after the other."""
    import pyarrow.parquet as parquet

    return parquet.ParquetFile(path).iter_batches(rows)


def adbc(dsn, table, path):
    """ADBC's ingestion, which sends a binary COPY, into a table that is there."""
    import adbc_driver_postgresql.dbapi as driver
    import pyarrow
    import pyarrow.parquet as parquet

    reader = pyarrow.RecordBatchReader.from_batches(parquet.read_schema(path), batches(path))
    with driver.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest(table, reader, mode="append")
        connection.commit()


def psycopg(dsn, table, path):
    """psycopg's COPY as text, row by row."""
    import psycopg

    with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
        with cursor.copy(f"COPY {table} FROM STDIN") as copy:
            for batch in batches(path, 8_192):
                for row in zip(*(column.to_pylist() for column in batch.columns)):
                    copy.write_row(row)


def arrow_csv(dsn, table, path):
    """Arrow's CSV writer before a COPY of psycopg."""
    import io

    import psycopg
    import pyarrow
    from pyarrow import csv

    with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
        with cursor.copy(f"COPY {table} FROM STDIN (FORMAT csv)") as copy:
            for batch in batches(path):
                text = io.BytesIO()
                csv.write_csv(pyarrow.Table.from_batches([batch]), text, csv.WriteOptions(include_header=False))
                copy.write(text.getvalue())


def dlt(dsn, table, path):
    """dlt, which normalises to files of its own and makes the table."""
    import os
    import tempfile

    for name in ("DLT_TELEMETRY", "RUNTIME__DLTHUB_TELEMETRY"):
        os.environ[name] = "false"
    import dlt

    with tempfile.TemporaryDirectory() as folder:
        # It insists on a password, which the server does not ask for.
        target = dlt.destinations.postgres(dsn.replace("@", ":none@"))
        pipeline = dlt.pipeline("bench", destination=target, dataset_name="public", pipelines_dir=folder)
        rows = dlt.resource(batches(path), name=table)
        pipeline.run(rows, table_name=table, write_disposition="replace", loader_file_format="csv").raise_on_failed_jobs()


globals()[sys.argv[1]](*sys.argv[2:])
