from pathlib import Path

import polars as pl

from tests.zoo.making import made
from tests.zoo.stories import STORIES, Story


def frame() -> pl.DataFrame:
    return pl.DataFrame([story._asdict() for story in STORIES])


@made("polars.csv", "polars")
def _(path: Path) -> None:
    frame().write_csv(path)


@made("polars-bom-quoted.csv", "polars")
def _(path: Path) -> None:
    frame().write_csv(path, include_bom=True, quote_style="always", separator=";")


@made("polars-unquoted.tsv", "polars")
def _(path: Path) -> None:
    frame().with_columns(pl.col("text").str.replace("\n", " ")).write_csv(path, separator="\t", quote_style="never")


@made("polars.ndjson", "polars")
def _(path: Path) -> None:
    frame().write_ndjson(path)


@made("polars.json", "polars")
def _(path: Path) -> None:
    frame().write_json(path)


@made("polars-enum.parquet", "polars")
def _(path: Path) -> None:
    frame().with_columns(pl.col("category").cast(pl.Enum(["business", "science", "sport"]))).write_parquet(path)


@made("polars-lists.parquet", "polars")
def _(path: Path) -> None:
    frame().with_columns(
        pl.concat_list("category").alias("category"),
        pl.struct(name="source", id=pl.lit(None, pl.String)).alias("source"),
        pl.col("date").str.to_date(),
    ).write_parquet(path)


@made("polars.arrow", "polars")
def _(path: Path) -> None:
    frame().with_columns(pl.col("category").cast(pl.Categorical)).write_ipc(path, compression="zstd")


@made("polars-stream.arrow", "polars")
def _(path: Path) -> None:
    frame().write_ipc_stream(path)


@made("polars.xlsx", "polars")
def _(path: Path) -> None:
    frame().write_excel(path)


@made("polars.avro", "polars")
def _(path: Path) -> None:
    frame().select(Story._fields).write_avro(path)
