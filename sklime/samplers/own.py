"""Laws of samplers that draw around each row themselves."""

from sklime.exceptions import NoClosedForm
from sklime.laws.base import Law


class OwnDrawsLaw(Law):
    """Law of the draws that a sampler's own `sample` gives."""

    def draw(self, X, n_samples, random_state):
        return list(self.sampler.sample(X, n_samples, random_state=random_state))

    def independent_columns(self, X):
        raise NoClosedForm(f"{self!r} states no law of the columns that it draws")

    def count_draws(self, n_samples):
        return self.sampler.count_draws(n_samples)

    def groups(self, n_draws):
        own = self.sampler.groups
        # Samplers of independent columns have a parameter of that name instead.
        return own(n_draws) if callable(own) else None

    def prefix_positions(self, n_draws, n_more):
        return self.sampler.prefix_positions(n_draws, n_more)
