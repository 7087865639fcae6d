"""Holds an output of `veto filter` against its input: the kept rows are the input's, in order, all columns equal, and the schema is the same.

compare.py IN OUT EXCLUDED, EXCLUDED being the list of excluded rows as JSON Lines, by which the kept ones are told without the output."""

import json
import sys

import duckdb

source, output, excluded = sys.argv[1:]
with open(excluded, encoding="utf-8") as lines:
    left_out = {json.loads(line)["row"] for line in lines}

if source.endswith(".parquet"):
    duckdb.sql("SET TimeZone = 'UTC'")
    duckdb.sql(f"CREATE TABLE gone AS SELECT row - 1 AS n FROM read_json('{excluded}', format = 'newline_delimited')")
    duckdb.sql(f"CREATE VIEW kept AS SELECT * FROM read_parquet('{source}', file_row_number = true) WHERE file_row_number NOT IN (SELECT n FROM gone)")
    columns = duckdb.sql(f"DESCRIBE FROM '{source}'").fetchall()
    assert columns == duckdb.sql(f"DESCRIBE FROM '{output}'").fetchall(), "the columns differ"
    schema = "SELECT name, type, type_length, repetition_type, num_children, converted_type, scale, precision, field_id, logical_type FROM parquet_schema('{}')"
    before, after = (duckdb.sql(schema.format(path)).fetchall() for path in (source, output))
    for n, (old, new) in enumerate(zip(before, after, strict=True)):
        # The root's repetition means nothing, and an annotation of the old form may be said in the new one too.
        same = old[:3] + old[4:9] == new[:3] + new[4:9] and (n == 0 or old[3] == new[3]) and old[9] in (None, new[9])
        assert same, f"the schemas differ: {old} and {new}"
    notes = "SELECT key, value FROM parquet_kv_metadata('{}') ORDER BY ALL"
    assert duckdb.sql(notes.format(source)).fetchall() == duckdb.sql(notes.format(output)).fetchall(), "the metadata differ"
    rows = "SELECT * EXCLUDE (file_row_number), row_number() OVER (ORDER BY file_row_number) AS n FROM kept"
    out = f"SELECT * EXCLUDE (file_row_number), file_row_number + 1 AS n FROM read_parquet('{output}', file_row_number = true)"
    missing = duckdb.sql(f"SELECT count(*) FROM (({rows}) EXCEPT ALL ({out}))").fetchall()[0][0]
    foreign = duckdb.sql(f"SELECT count(*) FROM (({out}) EXCEPT ALL ({rows}))").fetchall()[0][0]
    assert (missing, foreign) == (0, 0), f"{missing} rows are missing or changed, {foreign} are not of the input"
    total, n = (duckdb.sql(f"SELECT count(*) FROM '{path}'").fetchall()[0][0] for path in (source, output))
    assert total - len(left_out) == n, f"{total} rows, {len(left_out)} left out, {n} written"
else:
    reader = "read_csv('{}', all_varchar = true, header = true)" if source.endswith(".csv") else "read_json('{}', format = 'newline_delimited')"
    before, after = (duckdb.sql(f"FROM {reader.format(path)}").fetchall() for path in (source, output))
    n = len(after)
    assert [row for position, row in enumerate(before, 1) if position not in left_out] == after, "the rows differ"
assert n > 0 and left_out, "the corpus tries too little"
print(f"{n} rows are as they were")
