"""One reader of PostgreSQL: a table to Delta (or Parquet), synced, in a fresh process.

python postgres.py READER DSN TABLE FOLDER
"""

import os
import sys


def adbc(dsn, table, folder):
    """ADBC in one stream of record batches to Delta; numerics arrive as texts."""
    import adbc_driver_postgresql.dbapi as driver
    from deltalake import write_deltalake

    with driver.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
        write_deltalake(folder, cursor.fetch_record_batch())


def adbc_parquet(dsn, table, folder):
    """ADBC to one plain Parquet file, without a table's log."""
    import adbc_driver_postgresql.dbapi as driver
    import pyarrow.parquet as parquet

    os.makedirs(folder)
    with driver.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
        batches = cursor.fetch_record_batch()
        with parquet.ParquetWriter(f"{folder}/rows.parquet", batches.schema, compression="zstd", compression_level=1) as file:
            for batch in batches:
                file.write_batch(batch)


def connectorx(dsn, table, folder):
    """connectorx by its binary protocol in as many partitions as there are cores, to Delta; numerics become floats."""
    import connectorx
    from deltalake import write_deltalake

    options = {"partition_on": "l_orderkey", "partition_num": os.cpu_count()}
    rows = connectorx.read_sql(dsn, f"SELECT * FROM {table}", protocol="binary", return_type="arrow", **options)
    write_deltalake(folder, rows)


def duckdb(dsn, table, folder):
    """DuckDB's extension `postgres`, where it can be installed, to plain Parquet."""
    import duckdb

    os.makedirs(folder)
    duckdb.sql("INSTALL postgres; LOAD postgres")
    duckdb.sql(f"ATTACH '{dsn}' AS source (TYPE postgres, READ_ONLY)")
    duckdb.sql(f"COPY source.public.{table} TO '{folder}/rows.parquet' (FORMAT parquet, CODEC zstd)")


def main():
    reader, dsn, table, folder = sys.argv[1:]
    globals()[reader](dsn, table, folder)
    for place, _, names in os.walk(folder):
        for name in names:
            handle = os.open(os.path.join(place, name), os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)


main()
