"""
Bins or slopes
==============

For a regression, two questions differ: *what does it matter that the value lies in this
quarter?* (bins, the default) and *which way does the prediction move as the value grows?*
(standardised values, ``n_bins=None``).
"""

from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestRegressor

from sklime import LimeExplainer
from sklime.plotting import AttributionDisplay, DependenceDisplay
from sklime.samplers import MarginalSampler

X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
forest = RandomForestRegressor(random_state=0).fit(X, y)
binned = LimeExplainer(forest, random_state=0).fit(X)
sloped = LimeExplainer(forest, sampler=MarginalSampler(n_bins=None), random_state=0).fit(X)

# %%
# Bins: the effect of being in the row's own quarter of the training values, in units of the
# prediction.

AttributionDisplay.from_estimator(binned, X[:1])

# %%
# Slopes: the effect of one training standard deviation. A positive bar says that the
# prediction rises with the value, whether this row's value is high or low.

AttributionDisplay.from_estimator(sloped, X[:1])

# %%
# The same column over all rows. Bins show four steps, one for each quarter:

DependenceDisplay.from_estimator(binned, X, feature="bmi")

# %%
# Slopes are nearly the same everywhere: at the default width, the surrogate is hardly
# local. They are effects; many rows are shown by contributions unless asked otherwise.

DependenceDisplay.from_estimator(sloped, X, feature="bmi", attribution="effect")

# %%
# A contribution of a standardised column is its slope times the distance from the mean.

DependenceDisplay.from_estimator(sloped, X, feature="bmi")
