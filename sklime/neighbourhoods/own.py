"""Ways to surround rows of a table with draws, from one pool for all to draws of each."""

from sklime.model.queries import ask_about_new
from sklime.moments.draws import Draws, scale_answers
from sklime.neighbourhoods.base import Neighbourhoods, checked_weights


class OwnDraws(Neighbourhoods):
    """Draws of each row's own, from any sampler."""

    @property
    def bytes_per_row(self):
        return 8 * 4 * self.n_samples * self.sampler.n_features_in_

    def ask(self, X, known=None):
        around = self._around(X)
        return list(zip(around, self._answers(around, known), strict=True))

    def answers(self, asked, i):
        return asked[i][1]

    def draws(self, asked, outputs):
        for (own, answers), explained in zip(asked, outputs, strict=True):
            scaled = scale_answers(answers.T[explained])
            weights = self._weights(own)
            yield Draws(own.design.T, own.position, weights, *scaled, own.groups)

    def _answers(self, around, known):
        inputs = [own.inputs for own in around]
        return ask_about_new(self.response, inputs, known, self.places, "draw")

    def _around(self, X):
        return self.sampler.sample(X, self.n_samples, random_state=self.seed)

    def _weights(self, own):
        return checked_weights(self.kernel, own.design, own.position)
