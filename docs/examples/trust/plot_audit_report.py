"""
A report for an audit
=====================

What was explained, how, with which versions and seed, and how far to trust it: as one HTML
page for people and as one JSON document for the archive.
"""

import json
import tempfile
from pathlib import Path

from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

from sklime import Explanation, LimeExplainer
from sklime.explanation import json_schema
from sklime.plotting import ImportanceDisplay

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
y = load_breast_cancer().target_names[y]
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
forest = RandomForestClassifier(random_state=0).fit(X_train, y_train)
explainer = LimeExplainer(forest, method="sampling", random_state=0).fit(X_train)
explanation = explainer.explain(X_test, uncertainty=True)

# %%
# Global importance, with the rows as a sample.

ImportanceDisplay.from_explanation(explanation)

# %%
# How it was made, from the explanation itself:

print(json.dumps(explanation.meta, indent=2, default=str))

# %%
# How far to trust it:

print(f"local fidelity on fresh draws:    {explainer.score(X_test):.2f}")
print(
    f"median R2 of the surrogates:      {sorted(explanation.scores)[len(X_test) // 2]:.2f}"
)
print(f"smallest effective sample size:   {explanation.effective_sample_sizes.min():,.0f}")
print(f"attributions with little support: {explanation.low_support.sum()}")

# %%
# The page is one file that loads nothing from elsewhere: a table of rows that sorts and
# filters, each of which opens. The JSON document follows a versioned schema, and is read
# back equal to the bit.

folder = Path(tempfile.mkdtemp())
explanation.to_html(folder / "report.html")
explanation.to_json(folder / "report.json")
for file in sorted(folder.iterdir()):
    print(f"{file.name}: {file.stat().st_size / 1000:,.0f} kB")
print(json_schema()["title"])
print("read back equal:", Explanation.from_json(folder / "report.json") == explanation)

# %%
# In a notebook, an explanation shows itself:

explanation[:1]
