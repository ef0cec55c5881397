"""Masks of the strongest segments of an image."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklime.explanation.units import is_label_map
from sklime.tables.access import row_of


class ImageMask:
    """Mixin of `Explanation`: masks of images."""

    def mask(
        self,
        row: int,
        *,
        n_features: int | None = 5,
        positive_only: bool = False,
        negative_only: bool = False,
        min_weight: float = 0.0,
        hide_rest: bool = False,
        target: object = None,
    ) -> tuple[NDArray[Any], NDArray[np.int_]]:
        """Mark the strongest segments of one image.

        Parameters
        ----------
        row : int
            Position of the image; negative ones count from the end.
        n_features : int or None, default=5
            Largest number of segments, the strongest first; None: all.
        positive_only, negative_only : bool, default=False
            Whether to take only segments that speak for, or against, the target.
        min_weight : float, default=0.0
            Least absolute attribution of a segment. Exact zeros are never marked.
        hide_rest : bool, default=False
            Whether everything else is 0 in the image.
        target : object, default=None
            The output, one of `target_names`; required where all outputs are explained.

        Returns
        -------
        image : ndarray of the image's shape
            A copy. Where both signs are taken and it has red, green and blue, positive
            segments have the largest green, negative ones the largest red.
        mask : ndarray of int of shape (height, width)
            1 in marked segments, 0 elsewhere; where both signs are taken, -1 in negative
            ones.

        Raises
        ------
        TypeError
            If the explained rows are no images.
        ValueError
            If both signs are excluded, or `n_features` is negative, or all outputs are
            explained and `target` is not given.
        IndexError
            If there is no such row.
        KeyError
            If `target` is not explained for this row.

        References
        ----------
        ``lime.lime_image.ImageExplanation.get_image_and_mask`` of the lime package.
        """
        if positive_only and negative_only:
            raise ValueError(
                "positive_only=True and negative_only=True leave no segments: set one"
            )
        if n_features is not None and n_features < 0:
            raise ValueError(f"n_features={n_features!r} must not be negative")
        values = self._values_of(row, target)
        labels = None if self.unit_spans is None else self.unit_spans[row]
        image = row_of(self.data, row)
        no_map = np.ndim(labels) != 2 or not is_label_map(labels, image)
        if no_map or self.kind == "sequence":
            raise TypeError(
                "mask shows segments of images, but unit_spans is no map of labels for "
                f"row {row} of this explanation of kind {self.kind!r}"
            )
        wanted = (values != 0) & (np.abs(values) >= min_weight)
        if positive_only or negative_only:
            wanted &= values > 0 if positive_only else values < 0
        order = np.argsort(-np.abs(values), kind="stable")
        # One place more than there are segments, for -1 to point at.
        signs = np.zeros(len(values) + 1, dtype=int)
        chosen = order[wanted[order]][:n_features]
        signs[chosen] = np.sign(values[chosen])
        mask = signs[labels]
        image = np.array(image)
        highest = image.max()
        if hide_rest:
            image[mask == 0] = 0
        if positive_only or negative_only:
            return image, np.abs(mask)
        if image.ndim == 3 and image.shape[2] >= 3:
            image[mask > 0, 1] = highest
            image[mask < 0, 0] = highest
        return image, mask
