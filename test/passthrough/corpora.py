"""Writes corpora with types and encodings that engines use and a filter must pass through. Each has the columns of an item, and 2,000 rows."""

import datetime
import decimal
import sys

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 2000
folder = sys.argv[1]

kinds = ["POST", "COMMENT", "PRIVATE_MESSAGE", "PHOTO"]
base = {
    "item_id": [f"i{n}" for n in range(ROWS)],
    "kind": [kinds[n % 4] for n in range(ROWS)],
    "visibility": ["PUBLIC" if n % 3 else "PRIVATE" for n in range(ROWS)],
    "author_id": [f"u{n % 97:016x}" for n in range(ROWS)],
    "country": [["DE", "FR", "US", None][n % 4] for n in range(ROWS)],
    "author_age": pa.array([18 if n % 5 else None for n in range(ROWS)], pa.float64()),
    "author_age_at_creation": pa.array([18] * ROWS, pa.uint8()),
    "created_at": [f"2025-06-01T12:00:{n % 60:02d}Z" for n in range(ROWS)],
    "labels": [[] if n % 7 else ["sport", None] for n in range(ROWS)],
}
odd = dict(
    base,
    kind=pa.array(base["kind"]).dictionary_encode(),
    price=pa.array([decimal.Decimal(n) / 100 if n % 11 else None for n in range(ROWS)], pa.decimal128(20, 2)),
    big=pa.array([decimal.Decimal(n) for n in range(ROWS)], pa.decimal256(60, 0)),
    nanos=pa.array([n * 1_000_000_007 for n in range(ROWS)], pa.timestamp("ns", "Europe/Berlin")),
    day=[datetime.date(2025, 1, 1) + datetime.timedelta(n) for n in range(ROWS)],
    clock=pa.array([n for n in range(ROWS)], pa.time64("us")),
    nested=pa.array([[{"a": [n, None], "b": {"c": str(n)}}] if n % 3 else None for n in range(ROWS)]),
    pairs=pa.array([[("k", n)] if n % 2 else [] for n in range(ROWS)], pa.map_(pa.string(), pa.int64())),
    raw=pa.array([bytes([n % 256, 0, 255]) for n in range(ROWS)]),
    fixed=pa.array([n.to_bytes(4, "big") for n in range(ROWS)], pa.binary(4)),
    flag=[None if n % 9 == 0 else n % 2 == 0 for n in range(ROWS)],
    ratio=pa.array([n / 7 if n % 13 else float("nan") for n in range(ROWS)], pa.float32()),
    nothing=pa.nulls(ROWS),
    empty=[""] * ROWS,
)
table = pa.table(odd)
pq.write_table(table, f"{folder}/pyarrow.parquet", row_group_size=300, compression="snappy", write_page_index=True, use_dictionary=["kind", "country"])
plain = table.drop_columns(["nothing"])
pq.write_table(plain, f"{folder}/split.parquet", row_group_size=700, compression="zstd", data_page_version="2.0", use_dictionary=False,
               use_byte_stream_split=["ratio", "author_age"], store_schema=False)
pq.write_table(plain, f"{folder}/delta.parquet", compression="gzip", use_dictionary=False,
               column_encoding={"item_id": "DELTA_BYTE_ARRAY", "empty": "DELTA_LENGTH_BYTE_ARRAY", "author_age_at_creation": "DELTA_BINARY_PACKED"})
pq.write_table(plain, f"{folder}/old.parquet", compression="none", use_deprecated_int96_timestamps=True, version="1.0")

duckdb.sql("SET TimeZone = 'UTC'")
simple = pa.table(base)
duckdb.sql(f"""
    COPY (SELECT *, uuid() AS id, INTERVAL (author_age_at_creation) DAY AS span, hugeint_value::HUGEINT AS huge, {{'x': item_id, 'y': [1, 2]}} AS pack
          FROM simple, (SELECT 42 AS hugeint_value)) TO '{folder}/duckdb.parquet' (FORMAT parquet, ROW_GROUP_SIZE 2048, COMPRESSION zstd)
""")
duckdb.sql(f"COPY (SELECT * EXCLUDE (labels), '[\"sport\"]' AS labels, 'a,b \"c\"' || chr(10) || author_id AS text FROM simple) TO '{folder}/duckdb.csv' (HEADER, FORCE_QUOTE (country))")
duckdb.sql(f"COPY simple TO '{folder}/duckdb.jsonl' (FORMAT json)")
