"""Runs queries on an engine without a server; `bench_service.py` starts it in the peers' Python.

    python peer_engines.py maplib|DuckDB STATEMENTS.nt QUERIES.json

prints as JSON the CPU seconds of loading, the peak memory and, for each query, the CPU milliseconds
and the number of rows, or why the engine cannot answer. It imports nothing of the project.

maplib is asked the queries themselves. DuckDB has the statements as three columns of numbers beside
a table of terms, and SQL written by hand: what a translator from SPARQL could reach, no more.
"""

from __future__ import annotations

import json
import sys
import time

ID = "https://w3id.org/collex-graph/id/"
COLLEX = "https://w3id.org/collex-graph/ontology#"
RICO = "https://www.ica.org/standards/RiC/ontology#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
WGS84 = "http://www.w3.org/2003/01/geo/wgs84_pos#"
IRIS = {
    "a": "http://www.w3.org/1999/02/22-rdf-syntax-ns#type", "label": f"{RDFS}label",
    "discipline": f"{COLLEX}discipline", "fonds": f"{COLLEX}Fonds", "library": f"{COLLEX}Library",
    "holder": f"{RICO}hasOrHadHolder", "has_place": f"{COLLEX}hasPlace",
    "region": f"{COLLEX}region", "start": f"{COLLEX}startYear", "place": f"{COLLEX}place",
    "lat": f"{WGS84}lat", "long": f"{WGS84}long", "agent": f"{COLLEX}linkedAgent",
    "inside": f"{RICO}isDirectlyIncludedIn", "fonds1234": f"{ID}fonds/1234",
    "fonds4321": f"{ID}fonds/4321", "fonds777": f"{ID}fonds/777", "fonds999": f"{ID}fonds/999",
    "fonds3": f"{ID}fonds/3",
}  # fmt: skip

# {name} is the number of a term of IRIS; t(s, p, o), terms(id, text, number).
SQL = {
    "point": "SELECT p.text, o.text FROM t JOIN terms p ON p.id = t.p JOIN terms o ON o.id = t.o"
    " WHERE t.s = {fonds1234}",
    "describe": "SELECT p.text, o.text FROM t JOIN terms p ON p.id = t.p"
    " JOIN terms o ON o.id = t.o WHERE t.s = {fonds4321}",
    "card, OPTIONAL chain": "SELECT x.text, y.text, z.text, r.o, d.o, w.text FROM t l"
    " JOIN terms x ON x.id = l.o LEFT JOIN t h ON h.s = l.s AND h.p = {holder}"
    " LEFT JOIN t hl ON hl.s = h.o AND hl.p = {label} LEFT JOIN terms y ON y.id = hl.o"
    " LEFT JOIN t p ON p.s = h.o AND p.p = {has_place}"
    " LEFT JOIN t pl ON pl.s = p.o AND pl.p = {label} LEFT JOIN terms z ON z.id = pl.o"
    " LEFT JOIN t r ON r.s = p.o AND r.p = {region}"
    " LEFT JOIN t d ON d.s = l.s AND d.p = {discipline}"
    " LEFT JOIN t g ON g.s = l.s AND g.p = {agent}"
    " LEFT JOIN t gl ON gl.s = g.o AND gl.p = {label} LEFT JOIN terms w ON w.id = gl.o"
    " WHERE l.s = {fonds777} AND l.p = {label}",
    "words, FILTER": "SELECT l.s, x.text FROM t a JOIN t l ON l.s = a.s AND l.p = {label}"
    " JOIN terms x ON x.id = l.o WHERE a.p = {a} AND a.o = {fonds}"
    " AND contains(lower(x.text), 'cathédrale herbier')",
    "facet by discipline": "SELECT d.o, x.text, count(*) FROM t a"
    " JOIN t d ON d.s = a.s AND d.p = {discipline} JOIN t l ON l.s = d.o AND l.p = {label}"
    " JOIN terms x ON x.id = l.o WHERE a.p = {a} AND a.o = {fonds} GROUP BY ALL ORDER BY 3 DESC",
    "count by region": "SELECT r.o, count(DISTINCT h.s) FROM t h"
    " JOIN t p ON p.s = h.o AND p.p = {has_place} JOIN t r ON r.s = p.o AND r.p = {region}"
    " WHERE h.p = {holder} GROUP BY ALL ORDER BY 2 DESC",
    "count by decade": "SELECT floor(y.number / 10) * 10, count(*) FROM t"
    " JOIN terms y ON y.id = t.o WHERE t.p = {start} GROUP BY ALL ORDER BY 1",
    "COUNT(*)": "SELECT count(*) FROM t",
    "map of 5,000": "SELECT l.s, x.text, u.number, v.number FROM t l JOIN terms x ON x.id = l.o"
    " JOIN t la ON la.s = l.s AND la.p = {lat} JOIN terms u ON u.id = la.o"
    " JOIN t lo ON lo.s = l.s AND lo.p = {long} JOIN terms v ON v.id = lo.o"
    " WHERE l.p = {label} LIMIT 5000",
    "map of 50,000": "SELECT a.s, u.number, v.number FROM t a"
    " JOIN t p ON p.s = a.s AND p.p = {place} JOIN t la ON la.s = p.o AND la.p = {lat}"
    " JOIN terms u ON u.id = la.o JOIN t lo ON lo.s = p.o AND lo.p = {long}"
    " JOIN terms v ON v.id = lo.o WHERE a.p = {a} AND a.o = {fonds} LIMIT 50000",
    "box, FILTER": "SELECT l.s, x.text FROM t la JOIN terms u ON u.id = la.o"
    " JOIN t lo ON lo.s = la.s AND lo.p = {long} JOIN terms v ON v.id = lo.o"
    " JOIN t l ON l.s = la.s AND l.p = {label} JOIN terms x ON x.id = l.o WHERE la.p = {lat}"
    " AND u.number > 48.0 AND u.number < 48.5 AND v.number > 2.0 AND v.number < 2.5",
    "path up": "WITH RECURSIVE up(n) AS (SELECT o FROM t WHERE s = {fonds999} AND p = {inside}"
    " UNION SELECT o FROM t JOIN up ON s = n WHERE p = {inside})"
    " SELECT n, x.text FROM up JOIN t l ON l.s = n AND l.p = {label} JOIN terms x ON x.id = l.o",
    "path down": "WITH RECURSIVE down(n) AS (SELECT s FROM t WHERE o = {fonds3} AND p = {inside}"
    " UNION SELECT s FROM t JOIN down ON o = n WHERE p = {inside}) SELECT count(*) FROM down",
    "dashboard": "SELECT h.s, x.text, count(*), min(y.number) FROM t h"
    " JOIN t l ON l.s = h.s AND l.p = {label} JOIN terms x ON x.id = l.o"
    " JOIN t u ON u.o = h.s AND u.p = {holder} LEFT JOIN t b ON b.s = u.s AND b.p = {start}"
    " LEFT JOIN terms y ON y.id = b.o WHERE h.p = {a} AND h.o = {library}"
    " GROUP BY ALL ORDER BY 3 DESC LIMIT 100",
    "CONSTRUCT of 100,000": "SELECT l.s, x.text, y.number FROM t l JOIN terms x ON x.id = l.o"
    " JOIN t b ON b.s = l.s AND b.p = {start} JOIN terms y ON y.id = b.o"
    " WHERE l.p = {label} LIMIT 50000",
}


def maplib_engine(path: str):
    """Load a model; return what answers a query with its number of rows."""
    from maplib import Model

    model = Model()
    model.read(path, format="ntriples")

    def answer(_name: str, query: str) -> int:
        if query.lstrip().startswith("DESCRIBE") or "\nDESCRIBE" in query:
            raise ValueError("maplib has no DESCRIBE")
        found = model.query(query)
        if isinstance(found, list):  # a CONSTRUCT gives a table for each pattern
            return sum(len(table) for table in found)
        return len(getattr(found, "mappings", found))

    return answer


def duckdb_engine(path: str):
    """Load the tables; return what answers a query with its number of rows."""
    import duckdb

    base = duckdb.connect()
    base.execute("SET threads = 1")
    base.execute(
        "CREATE TABLE lines AS SELECT regexp_extract(line, '^(<[^>]*>) (<[^>]*>) (.*) [.]$',"
        " ['s', 'p', 'o']) AS x FROM read_csv(?, columns = {'line': 'VARCHAR'}, delim = '\x01',"
        " quote = '', escape = '', header = false)",
        [path],
    )
    base.execute(
        "CREATE TABLE terms AS SELECT row_number() OVER (ORDER BY word) AS id, word,"
        " CASE WHEN word[1] = '<' THEN word[2:-2]"
        " ELSE regexp_extract(word, '^\"(.*)\"', 1) END AS text,"
        ' TRY_CAST(regexp_extract(word, \'^"([^"]*)"\\^\\^\', 1) AS DOUBLE) AS number FROM'
        " (SELECT x.s AS word FROM lines UNION SELECT x.p FROM lines UNION SELECT x.o FROM lines)"
    )
    base.execute(
        "CREATE TABLE t AS SELECT s.id AS s, p.id AS p, o.id AS o FROM lines"
        " JOIN terms s ON s.word = x.s JOIN terms p ON p.word = x.p JOIN terms o ON o.word = x.o"
        " ORDER BY 2, 1, 3"
    )
    base.execute("DROP TABLE lines")
    numbers = {}
    for name, iri in IRIS.items():
        rows = base.execute("SELECT id FROM terms WHERE word = ?", [f"<{iri}>"]).fetchall()
        numbers[name] = rows[0][0] if rows else -1

    def answer(name: str, _query: str) -> int:
        count = base.sql(SQL[name].format(**numbers)).to_arrow_table().num_rows
        return 2 * count if name.startswith("CONSTRUCT") else count

    return answer


def peak_mb() -> int:
    """Return the peak memory of this process in megabytes; what its parent had does not count."""
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123
        (line,) = [line for line in status if line.startswith("VmHWM:")]
    return int(line.split()[1]) >> 10


def main() -> None:
    """Run every query and print what it took."""
    engine, path, queries = sys.argv[1:]
    start = time.process_time()
    answer = {"maplib": maplib_engine, "DuckDB": duckdb_engine}[engine](path)
    loaded = time.process_time() - start
    found: dict[str, tuple[float, int] | str] = {}
    with open(queries, encoding="utf-8") as file:  # noqa: PTH123
        asked = json.load(file)
    for name, query in asked.items():
        try:
            rows = answer(name, query)
        except Exception as error:
            found[name] = str(error).splitlines()[0]
            continue
        taken = []
        for _ in range(5):
            start = time.process_time()
            answer(name, query)
            taken.append((time.process_time() - start) * 1000)
        found[name] = (sorted(taken)[2], rows)
    print(json.dumps({"load": loaded, "megabytes": peak_mb(), "queries": found}))


if __name__ == "__main__":
    main()
