"""Writes src/io/tsv/golden/tables.json with pandas.

TSV texts as users have them, what pandas reads, and what it writes back.
"""

import io
import json
from pathlib import Path

import pandas as pd

SRC = Path(__file__).parents[2] / "src" / "io"
ROWS = ["participant_id\tsex\tn", "sub-1\tF\t1", "sub-2\tM\t2", "sub-3\tF\t3"]

texts = [
    "participant_id\tsession_id\tage\tsex\tn\nsub-1\tses-1\t60.0\tF\t3\nsub-2\tses-1\t61.5\tM\t4\n",
    "a\tb\tc\n1\tTrue\tx\n\tFalse\tn/a\n3\tTrue\t\n",
    "a\tb\n1e-05\t-inf\n1e16\tnan\n0.1\t2\n123456789012.5\t1e300\n",
    "a\n1\nNaN\n",
    'q\tr\n"a\tb"\t1\n"say ""hi"""\t2\n',
    "a\tb\n1.0\t1\n2.0\t2\n",
]
# line ends of any mixture, in the header and in rows
texts += ["".join(row + ends[i] for i, row in enumerate(ROWS)) for ends in (
    ["\n", "\n", "\n", ""],
    ["\r\n"] * 4,
    ["\r"] * 4,
    ["\n", "\r\n", "\r\n", "\r\n"],
    ["\r\n", "\n", "\n", "\n"],
    ["\n", "\r\n", "\n", "\r"],
    ["\r", "\n", "\r\n", ""],
    ["\r\r\n"] * 4,
    ["\n\n", "\r\n\r\n", "\n  \n", "\n\n\n"],
)]
texts += [
    # quotes
    'a\tb\n1\t5" scar\n"q"r\t2\n',
    'a\tb\n1\t"x"z"\n2\t3\n',
    'a\tb\n"x\r\ny"\t2\r\n"z"\t3\r\n',
    'a\tb\n""\t"NA"\n" "\t"1"\n',
    'a\n""\n1\n""\n2\n',
    '"a"\t"b c"\n1\t""""\n',
    # spaces and signs
    "a\tb\tc\n 1\t 2.5 \tx \n3 \t4\t y\n",
    "a\tb\n+1\t-0\n2\t+3\n",
    "a\tb\n007\t1e5\n010\t.5\n",
    "a\tb\nTRUE\tInf\nfalse\t+inf\n",
    "a\tb\n1,5\t1_000\n2,5\t0x10\n",
    "a\tb\n16777217\t2147483648\n-16777217\t9007199254740991\n",
    # missing values, and what is none
    *(f"a\tb\n{word}\t1\nx\t2\n" for word in ("#N/A", "#NA", "-nan", "1.#IND", "<NA>", "N/A", "NA", "NULL", "None", "null", "n/a")),
    *(f"a\tb\n{word}\t1\nx\t2\n" for word in ("na", "Na", "none", "missing", "-", ".", "?", " NA", "NaN ", "nil")),
    "a\tb\nTrue\t\nNA\t\n",
    # too few cells, empty ones too many, columns without a name
    "a\tb\tc\n1\n2\t3\n4\t5\t6\n",
    "a\t\tc\n1\t2\t3\n",
    "a\tb\t\n1\t2\t\n3\t4\t\n",
    "\u00e9t\u00e9\t\u6027\u5225\n\u00fc\t\u5973\n\U0001f9e0\t\u7537\n",
]
tables = []
for text in texts:
    df = pd.read_csv(io.StringIO(text, newline=""), sep="\t")
    tables.append(
        {
            "text": text,
            "rows": json.loads(df.to_json(orient="records", double_precision=15)),
            "dtypes": {c: str(t) for c, t in df.dtypes.items()},
            "written": df.to_csv(sep="\t", index=False),
        }
    )
(SRC / "tsv" / "golden").mkdir(exist_ok=True)
(SRC / "tsv" / "golden" / "tables.json").write_text(json.dumps(tables, indent=1))
print(len(tables), "tables")
