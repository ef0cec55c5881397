"""Versions of the documents: which fields each has, and their defaults in older ones."""

FORMAT = "sklime.Explanation"

# Version -> the fields that it added, each with the JSON value that is read for it from
# older documents; None there means "not known". A version that was released never changes.
#
# An array per row, or per row and unit or pair, is added in four places:
# 1. `Explanation`: ``name: np.ndarray | None = field(default=None, metadata=PER_OUTPUT)``,
#    or another of `fields`, and its docstring. It is then checked, cut, joined,
#    compared, written and read.
# 2. here: the next version, ``{"name": None}``.
# 3. `explanation.schema.json`: its description. What versions require is added from here.
# 4. `assemble_explanation`, which fills it.
VERSIONS = {
    1: dict.fromkeys(
        (
            "shape",
            "values",
            "intercepts",
            "predictions",
            "local_predictions",
            "scores",
            "effective_sample_sizes",
            "support",
            "standard_errors",
            "data",
            "feature_names",
            "target_names",
            "conditions",
            "meta",
            "unit_names",
            "unit_spans",
        )
    ),
    2: dict.fromkeys(
        ("feature_means", "baselines", "positions", "coefficients", "coefficient_errors")
    ),
    3: dict.fromkeys(
        (
            "interactions",
            "interaction_pairs",
            "interaction_standard_errors",
            "interaction_coefficients",
            "interaction_coefficient_errors",
        )
    ),
    4: {"neighbour_scores": None},
    5: {"class_probabilities": None},
    6: {"interaction_positions": None},
}


def upgrade(document, versions):
    """Check a document of any version, and upgrade it to the latest version.

    Parameters
    ----------
    document : object
        As it was read.
    versions : dict of int to dict
        Such as `VERSIONS`.

    Returns
    -------
    dict
        The fields of the last version, without format and version.

    Raises
    ------
    ValueError
        If it is no explanation, or its version is unknown or has other fields.

    Examples
    --------
    >>> from sklime.explanation.serialization.versions import upgrade
    >>> document = {"format": "sklime.Explanation", "version": 1, "values": [[0.5]]}
    >>> upgrade(document, {1: {"values": None}, 2: {"noise": None}})
    {'values': [[0.5]], 'noise': None}
    """
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f'the document is no explanation: it lacks "format": "{FORMAT}"')
    version = _checked_version(document, max(versions))
    content = {k: v for k, v in document.items() if k not in ("format", "version")}
    _check_fields(content, version, versions)
    later = [added for other, added in versions.items() if other > version]
    return content | {name: value for added in later for name, value in added.items()}


def complete_schema(schema, versions):
    """Add to a JSON Schema of all fields which of them each version requires and allows."""
    (_, required), *later = sorted(versions.items())
    last, name = max(versions), schema["properties"]["format"]["const"]
    described = schema["properties"]["version"] | {"enum": sorted(versions)}
    whole = schema | {
        "$id": f"urn:{name.lower().replace('.', ':')}:{last}",
        "title": f"{name}, version {last}",
        "required": ["format", "version", *required],
        "properties": schema["properties"] | {"version": described},
    }
    if later:
        whole["allOf"] = [
            {
                "if": {"properties": {"version": {"minimum": version}}},
                "then": {"required": list(added)},
                "else": {"properties": dict.fromkeys(added, False)},
            }
            for version, added in later
        ]
    return whole


def _checked_version(document, last):
    if "version" not in document:
        raise ValueError(
            f'the document lacks "version", an int from 1 to {last}: write it by to_json, '
            "which sets it"
        )
    version = document["version"]
    if type(version) is not int or version < 1:
        raise ValueError(
            f"version={version!r} must be a positive int, up to {last}: write the document "
            "by to_json, which sets it"
        )
    if version > last:
        raise ValueError(
            f"the document has version {version} of its schema, which is newer than "
            f"{last}, the last that this sklime reads: upgrade sklime"
        )
    return version


def _check_fields(content, version, versions):
    since = {name: number for number, added in versions.items() for name in added}
    missing = [n for n, number in since.items() if number <= version and n not in content]
    unknown = [name for name in content if since.get(name, version + 1) > version]
    faults = []
    if missing:
        faults.append(
            f"lacks the fields {missing}, which version {version} has: write it again by "
            "to_json"
        )
    if unknown:
        later = all(name in since for name in unknown)
        other = f", or give it version {max(map(since.get, unknown))}" if later else ""
        faults.append(
            f"has the unknown fields {unknown}, which version {version} does not have: "
            f"leave them out{other}"
        )
    if faults:
        raise ValueError(f"the document {'; it '.join(faults)}")
