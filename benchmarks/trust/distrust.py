"""A reader who takes away from an answer what words that they distrust add to it."""

from scipy import sparse


def by_word(values, unit_names, vocabulary):
    """Attributions of texts as CSR, one column for each word of a vocabulary.

    `values` are of shape (n_texts, n_units), padded with NaN; words that are not in the
    vocabulary, a dict of column numbers, are left out.
    """
    rows, units, columns = [], [], []
    for i, names in enumerate(unit_names):
        known = [
            (unit, vocabulary[name])
            for unit, name in enumerate(names)
            if name in vocabulary
        ]
        rows += [i] * len(known)
        units += [unit for unit, _ in known]
        columns += [column for _, column in known]
    shape = len(values), len(vocabulary)
    found = sparse.csr_array((values[rows, units], (rows, columns)), shape)
    found.eliminate_zeros()
    return found


def trusted(probabilities, surrogates, attributions, distrusted):
    """Rows whose class stays the same without what distrusted words add, bool (n_rows,).

    `surrogates` are the answers of the surrogates to the rows, `probabilities` those that
    the reader was shown, `attributions` a CSR matrix, `distrusted` bool (n_words,).
    """
    left = surrogates - attributions @ distrusted.astype(float)
    return (left > 0.5) == (probabilities > 0.5)
