"""Models as functions of a module, which files can name."""

import numpy as np

MODULE = __name__


def of_mixed(table):
    own = table["number"].to_numpy().astype(float) * (1.0 + (table["level"] == "a"))
    return np.asarray(own, dtype=float)


def of_polars(table):
    return table["number"].to_numpy() * (
        1.0 + (table["level"] == "a").fill_null(False).to_numpy()
    )


def of_first(table):
    return np.asarray(table)[:, 1].astype(float)


def of_images(images):
    return np.asarray(images).mean(axis=(1, 2, 3))


def of_series(series):
    return series[:, :3].mean(axis=(1, 2))


def of_text_and_age(table):
    good = table["text"].str.contains("good").to_numpy(float)
    return good + table["age"].to_numpy(float) / 90.0
