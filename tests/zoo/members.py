"""What every file of the zoo is, and what becomes of it: read untouched, read with an option, or refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from newsdesk.articles.column_mapping import ColumnNames


@dataclass(frozen=True)
class Member:
    """A file. Without `refused` it holds the articles of `STORIES`, with their titles where it has any.

    `option`: what a user has to say, and `encoding`, `columns`, `labels` what that means. `categories`: category of the
    stories → what the file calls it. `lower`, `headlines`: the texts are these. `aside`: reason → rows that are set
    aside. `refused`: the sentence, as a pattern.
    """

    name: str
    tool: str
    format: str
    title: bool = True
    option: str = ""
    encoding: str = "utf-8"
    columns: ColumnNames = field(default_factory=ColumnNames)
    labels: bool = False
    categories: Mapping[str, str] = field(default_factory=dict)
    lower: bool = False
    headlines: bool = False
    aside: Mapping[str, int] = field(default_factory=dict)
    refused: str = ""

    @property
    def untouched(self) -> bool:
        return not (self.option or self.refused)


_PANDAS, _POLARS, _HF, _EXCEL = "pandas", "Polars", "Hugging Face datasets", "Excel"
_OFFICE, _STUDIO, _DOCCANO, _ARGILLA = "LibreOffice", "Label Studio", "doccano", "Argilla"
_SLEUTH, _PRODIGY, _NEWSAPI, _KAGGLE = "Label Sleuth", "Prodigy", "NewsAPI", "Kaggle"
_SUFFIX = r"not a table that can be read\. Export it as CSV\."

MEMBERS = [
    Member("pandas-index.csv", _PANDAS, "CSV with its index"),
    Member("pandas-semicolon.csv", _PANDAS, "CSV, semicolon"),
    Member("pandas-bom.csv", _PANDAS, "CSV, byte order mark"),
    Member("pandas-utf16.csv", _PANDAS, "CSV, UTF-16"),
    Member(
        "pandas-cp1252.csv", _PANDAS, "CSV, Windows-1252", option="--encoding windows-1252", encoding="windows-1252"
    ),
    Member("pandas-gzip.csv.gz", _PANDAS, "CSV, gzip"),
    Member("pandas-zip.csv.zip", _PANDAS, "CSV, zip"),
    Member("pandas-bzip2.csv.bz2", _PANDAS, "CSV, bzip2"),
    Member("pandas-xz.csv.xz", _PANDAS, "CSV, xz"),
    Member("pandas-backslashes.csv", _PANDAS, "CSV, escapechar"),
    Member("pandas-unquoted.tsv", _PANDAS, "TSV, nothing quoted"),
    Member("pandas-lists.csv", _PANDAS, "CSV, lists of one label"),
    Member("pandas-dummies.csv", _PANDAS, "CSV, a column for each label"),
    Member("pandas-normalised.csv", _PANDAS, "CSV of json_normalize"),
    Member("pandas-records.json", _PANDAS, "JSON, records"),
    Member("pandas-lines.json", _PANDAS, "JSON Lines as .json"),
    Member("pandas-lines.jsonl.gz", _PANDAS, "JSON Lines, gzip"),
    Member("pandas-split.json", _PANDAS, "JSON, split"),
    Member("pandas-index.json", _PANDAS, "JSON, index"),
    Member("pandas-keyed.json", _PANDAS, "JSON, index of ids"),
    Member("pandas-columns.json", _PANDAS, "JSON, columns"),
    Member("pandas-table.json", _PANDAS, "JSON, table"),
    Member("pandas-values.json", _PANDAS, "JSON, values", refused="no record with named fields.*JSON Lines"),
    Member("pandas.xlsx", _PANDAS, "Excel workbook"),
    Member("pandas-categorical.parquet", _PANDAS, "Parquet, categorical"),
    Member("pandas.feather", _PANDAS, "Feather"),
    Member("pandas.html", _PANDAS, "HTML", refused=_SUFFIX),
    Member("pandas.xml", _PANDAS, "XML", refused=_SUFFIX),
    Member("polars.csv", _POLARS, "CSV"),
    Member("polars-bom-quoted.csv", _POLARS, "CSV, byte order mark, all quoted"),
    Member("polars-unquoted.tsv", _POLARS, "TSV, nothing quoted"),
    Member("polars.ndjson", _POLARS, "NDJSON"),
    Member("polars.json", _POLARS, "JSON"),
    Member("polars-enum.parquet", _POLARS, "Parquet, enum"),
    Member("polars-lists.parquet", _POLARS, "Parquet, lists and structs"),
    Member("polars.arrow", _POLARS, "Arrow file, categorical"),
    Member("polars-stream.arrow", _POLARS, "Arrow stream"),
    Member("polars.xlsx", _POLARS, "Excel workbook"),
    Member("polars.avro", _POLARS, "Avro", refused=_SUFFIX),
    Member("datasets-classes.parquet", _HF, "Parquet, ClassLabel"),
    Member("datasets-list-of-classes.parquet", _HF, "Parquet, Sequence of ClassLabel"),
    Member("datasets-saved.arrow", _HF, "save_to_disk"),
    Member("datasets.csv", _HF, "CSV"),
    Member("datasets-lines.json", _HF, "JSON Lines as .json"),
    Member("datasets-array.json", _HF, "JSON"),
    Member("datasets-lists.jsonl", _HF, "JSON Lines, lists of one label"),
    Member("pyarrow.csv", "PyArrow", "CSV"),
    Member("pyarrow.feather", "PyArrow", "Feather, LZ4"),
    Member("pyarrow.orc", "PyArrow", "ORC", refused=_SUFFIX),
    Member("spark-default.csv", "Spark", "CSV, backslashes"),
    Member("excel-utf8.csv", _EXCEL, "CSV UTF-8, semicolon"),
    Member("excel-windows.csv", _EXCEL, "CSV of Windows", option="--encoding windows-1252", encoding="windows-1252"),
    Member("excel-unicode-text.txt", _EXCEL, "Unicode text"),
    Member("excel-sep.csv", _EXCEL, "CSV after sep=;"),
    Member("excel-surplus.csv", _EXCEL, "CSV, surplus columns and rows"),
    Member("excel-preamble.csv", _EXCEL, "CSV beneath a preamble"),
    Member(
        "excel-locked.xlsx", _EXCEL, "workbook with a password", refused="locked with a password. Save it without one"
    ),
    Member("openpyxl-preamble.xlsx", "openpyxl", "workbook, header in row 3"),
    Member("openpyxl-numbers.xlsx", "openpyxl", "workbook, numbers as ids"),
    Member("xlsxwriter-table.xlsx", "XlsxWriter", "workbook, table on the second sheet"),
    Member("xlsxwriter-hidden.xlsx", "XlsxWriter", "workbook with a hidden sheet"),
    Member(
        "xlsxwriter-months.xlsx",
        "XlsxWriter",
        "workbook, two tables",
        refused=r"articles in 2 sheets \('May', 'June'\)",
    ),
    Member("libreoffice.csv", _OFFICE, "CSV"),
    Member("libreoffice-semicolon-quoted.csv", _OFFICE, "CSV, semicolon, all quoted"),
    Member("libreoffice-utf16-tabs.csv", _OFFICE, "CSV, UTF-16, tabs"),
    Member("libreoffice.xlsx", _OFFICE, "Excel workbook"),
    Member("libreoffice.xls", _OFFICE, "Excel 97 workbook"),
    Member("libreoffice.ods", _OFFICE, "OpenDocument", refused=_SUFFIX),
    Member("label-studio.json", _STUDIO, "JSON"),
    Member("label-studio-partly.json", _STUDIO, "JSON, partly annotated", aside={"not_annotated": 2}),
    Member("label-studio-min.json", _STUDIO, "JSON-MIN"),
    Member("label-studio-topic-min.json", _STUDIO, "JSON-MIN, several choices allowed"),
    Member("label-studio.csv", _STUDIO, "CSV"),
    Member("label-studio.tsv", _STUDIO, "TSV"),
    Member("doccano.jsonl", _DOCCANO, "JSONL", aside={"not_annotated": 1}),
    Member("doccano.json", _DOCCANO, "JSON"),
    Member("doccano.csv", _DOCCANO, "CSV", aside={"several_categories": 1}),
    Member("doccano.txt", _DOCCANO, "fastText", title=False),
    Member("doccano-data.jsonl", _DOCCANO, "JSONL, text in data", title=False),
    Member("argilla.json", _ARGILLA, "JSON"),
    Member("argilla-suggested.json", _ARGILLA, "JSON, suggestions only"),
    Member("argilla-flat.json", _ARGILLA, "JSON, flattened"),
    Member("argilla-dataset.parquet", _ARGILLA, "dataset as Parquet"),
    Member("argilla-flat.csv", _ARGILLA, "dataset as CSV"),
    Member("argilla-1.jsonl", _ARGILLA, "version 1, text classification"),
    Member("argilla-1-feedback.jsonl", _ARGILLA, "version 1, feedback"),
    Member("label-sleuth.csv", _SLEUTH, "CSV, yes and no", aside={"not_annotated": 2}),
    Member("label-sleuth-multiclass.csv", _SLEUTH, "CSV, multiclass"),
    Member("label-sleuth-import.csv", _SLEUTH, "CSV as it is imported", title=False, aside={"not_annotated": 1}),
    Member("prodigy-binary.jsonl", _PRODIGY, "JSONL, accept and reject", aside={"not_annotated": 4}),
    Member("prodigy-choice.jsonl", _PRODIGY, "JSONL, choice", title=False, aside={"not_annotated": 1}),
    Member("prodigy-numbered.jsonl", _PRODIGY, "JSONL, numbered options", title=False),
    Member("spacy-cats.jsonl", "spaCy", "JSONL, cats", title=False),
    Member("spacy-pairs.json", "spaCy", "JSON, pairs of text and cats", title=False),
    Member("spacy-cats.json", "spaCy", "JSON, cats"),
    Member("fasttext.txt", "fastText", "text", title=False),
    Member("fasttext-behind.txt.gz", "fastText", "text, labels behind, gzip", title=False),
    Member("newsapi.json", _NEWSAPI, "JSON answer, category added"),
    Member("newsapi-articles.jsonl", _NEWSAPI, "articles as JSON Lines"),
    Member("newsapi-unlabelled.json", _NEWSAPI, "JSON answer", refused="no column with the category.*--labels"),
    Member("newsapi-with-labels.json", _NEWSAPI, "JSON answer, ids added", option="--labels labels.csv", labels=True),
    Member("guardian.json", "The Guardian's API", "JSON answer"),
    Member("new-york-times.json", "The New York Times' API", "JSON answer"),
    Member("elasticsearch.json", "Elasticsearch", "JSON answer"),
    Member("mongoexport.json", "MongoDB", "JSON Lines as .json"),
    Member(
        "kaggle-news-category-v3.json",
        _KAGGLE,
        "JSON Lines as .json",
        categories={"sport": "SPORT", "business": "BUSINESS", "science": "SCIENCE"},
    ),
    Member("kaggle-bbc-text.csv", _KAGGLE, "CSV", title=False, lower=True),
    Member("kaggle-bbc-archive.csv", _KAGGLE, "tabs as .csv, nothing quoted"),
    Member(
        "kaggle-ag-news.csv",
        _KAGGLE,
        "CSV, numbers of classes",
        categories={"sport": "2", "business": "3", "science": "4"},
    ),
    Member(
        "kaggle-ag-news-headless.csv", _KAGGLE, "CSV without a header", refused="has no header: .*category,title,text"
    ),
    Member(
        "kaggle-news-aggregator.csv",
        _KAGGLE,
        "CSV, headlines",
        title=False,
        headlines=True,
        categories={"sport": "s", "business": "b", "science": "s"},
    ),
    Member("kaggle-inshorts.csv", _KAGGLE, "CSV"),
    Member(
        "kaggle-all-the-news.csv",
        _KAGGLE,
        "CSV without a category",
        refused="no column with the category.*--category-column",
    ),
    Member("kaggle-true.csv", _KAGGLE, "CSV"),
    Member("kaggle-toxic-style.csv", _KAGGLE, "CSV, a column for each label", title=False),
    Member("kaggle-archive.zip", _KAGGLE, "zip"),
    Member("kaggle-train-test.zip", _KAGGLE, "zip of two tables", refused=r"2 tables \(train.csv, test.csv\)"),
]
