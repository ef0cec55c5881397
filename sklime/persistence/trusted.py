"""The types that files of explainers may hold, unless the caller trusts more.

skops builds an object of a trusted type without calling it, and gives it the state in the
file. A type is listed here once it has been looked at: with any state, it neither runs nor
opens anything but the model that it asks. What unpickles, such as the tasks that are
shipped to workers, is never listed; nor are functions, of which objects of ours hold none.
"""

# Classes of sklime by module, of whatever may be in the state of a fitted explainer.
_OWN = {
    "anchors.bin_ranges": "BinRanges",
    "anchors.column_tables": "ColumnTable",
    "anchors.coverage": "Coverage",
    "anchors.criteria": "Hard Share Soft Mean",
    "anchors.drawn_evidence": "DrawnEvidence",
    "anchors.draws": "ColumnDraws",
    "anchors.exact_evidence": "ExactEvidence",
    "anchors.expected_answers": "ExpectedAnswers _ColumnOfRules",
    "anchors.explainer": "AnchorExplainer",
    "anchors.mask_draws": "MaskDraws",
    "anchors.rules": "Condition Rule RuleWriter",
    "anchors.subjects": "TableRules UnitRules",
    "exact.additive": "CoalitionsOfColumns",
    "exact.averages": "AverageForm SumOfModels CoalitionsOfModels SideBySide",
    "exact.binned_quadrature": "BinnedQuadrature BinnedPart",
    "exact.coalition_form": "Background KeepLaw",
    "exact.coalitions": "CoalitionPopulation OwnFeatures",
    "exact.coalitions_by_reach": "CoalitionsOfRanged",
    "exact.coalitions_of_pairs": "CoalitionsOfPairs",
    "exact.coalitions_of_products": "CoalitionsOfProducts",
    "exact.coalitions_of_sigmoid": "CoalitionsOfSigmoid",
    "exact.exponentials": "ExponentialOfSum",
    "exact.feature_map": "Steps FeatureMap",
    "exact.fourier": "FourierSum",
    "exact.joined_products": "JoinedProducts CombinedOutputs",
    "exact.kernel_sums": "KernelProduct KernelSum _Exponentials",
    "exact.mask_population": "MaskPopulation",
    "exact.mean_factors": "ValueFactors",
    "exact.midpoint_rule": "MidpointRule",
    "exact.monomials": "Monomials",
    "exact.population": "Population",
    "exact.readers.catboost": "_Columns _CategoryHashes",
    "exact.readers.categories": "CategoryCodes",
    "exact.readers.explainable_boosting": "_Bins _Terms TableForm PairedTableForm",
    "exact.readers.lightgbm": "_Recode",
    "exact.readers.linear": "LinearForm",
    "exact.readers.links": "Link",
    "exact.readers.naive_bayes": "BinaryForm GaussianOdds CategoryOdds",
    "exact.readers.xgboost": "_Recode",
    "exact.sigmoid": "SigmoidForm SigmoidOfColumns SigmoidOfValues",
    "exact.sum_of_columns": "SumOfColumns _EmpiricalPiece _MatchedPiece _LinearPiece",
    "exact.sum_of_pairs": "PairTable SumOfPairs _Contrasts _Slopes",
    "exact.sum_of_products": "SumOfProducts",
    "exact.trees.additive_forest": "AdditiveForest",
    "exact.trees.coalitions_of_trees": "CoalitionsOfTrees _MassesOfMarginals _MassesOfRows",
    "exact.trees.empirical_splits": "IntervalSplits SetSplits",
    "exact.trees.forest": "Forest",
    "exact.trees.leaf_tables": "LeafTables",
    "exact.trees.nodes": "Nodes Splits",
    "exact.trees.paths": "Paths",
    "exact.trees.shared_paths": "SharedPaths _Step",
    "exact.trees.split_chances": "MatchedSplits TabulatedSplits NormalSplits",
    "exact.trees.split_masses": (
        "_Intervals OrderedCuts _Sets SubsetCuts OrderedValueCuts SubsetValueCuts "
        "NormalCuts"
    ),
    "exact.trees.splits_by_node": "SplitsByNode",
    "exact.trees.subtree_tables": "SubtreeTables",
    "exact.trees.sum_of_trees": "SumOfTrees _Group _TabulatedGroup",
    "exact.trees.topology": "Boxes Level TreeGroup",
    "exact.unit_effects": "Effects AdditiveResponses",
    "exact.waves": "Waves",
    "explainer.explainer": "LimeExplainer",
    "explainer.fitted": "FittedExplainer",
    "explainer.hidden_answers": "TypicalAnswers",
    "explainer.neighbours": "TrainingRows",
    "explainer.routes": "Setting Routes",
    "kernels": (
        "ExponentialKernel UniformKernel ShapleyKernel FunctionKernel CovarianceKernel"
    ),
    "laws.base": "Neighbourhood",
    "laws.bins": "BinList",
    "laws.columns": "BinnedColumn CategoricalColumn StandardisedColumn NormalColumn",
    "laws.coordinates": "Coordinates",
    "laws.grouped": "GroupedColumn _Combinations",
    "laws.independent": "IndependentColumns",
    "laws.joint": "JointLaw",
    "laws.masks": "ExchangeableLaw MaskLaw",
    "laws.product": "ProductLaw _Mixture Atoms NormalPieces Normal",
    "laws.tilted": "MatchedLaw NormalLaw EmpiricalLaw",
    "model.functions": "FunctionClassifier FunctionRegressor",
    "model.outputs": "NumberOutputs ClassOutputs LabelOutputs",
    "model.presentation": "Presentation",
    "model.refits": "FittedState",
    "model.response": "Response",
    "model.target": "Target",
    "moments.exchangeable": "WeightedLaw",
    "neighbourhoods.additive_part": "AdditivePart",
    "neighbourhoods.background": "Background",
    "neighbourhoods.coalitions": "Coalitions _SharedCoalitions _Answers",
    "neighbourhoods.contrasts": "ContrastPool",
    "neighbourhoods.masked": "MaskedCopies TiltedCopies _SharedMasks",
    "neighbourhoods.onehot": "OneHotDraws",
    "neighbourhoods.own": "OwnDraws",
    "neighbourhoods.own_values": "OwnValues",
    "neighbourhoods.paired_pool": "PairedPool",
    "neighbourhoods.pooled_values": "PooledValues",
    "neighbourhoods.row_pairs": "RowPairs",
    "neighbourhoods.shared": "SharedPool",
    "neighbourhoods.shifted": "ShiftedNoise",
    "neighbourhoods.tilted": "TiltedDraws TiltedContrasts",
    "samplers.kinds.image": "ImageRows",
    "samplers.kinds.mixed": "MixedRows",
    "samplers.kinds.series": "SeriesRows",
    "samplers.kinds.table": "TableRows",
    "samplers.kinds.text": "TextRows",
    "samplers.kinds.text_containers": "_FrameOfTexts _SeriesOfTexts _ArrayOfTexts",
    "samplers.masked.cellwise": "_Stripe",
    "samplers.masked.coalition": "CoalitionSampler",
    "samplers.masked.image": "SuperpixelSampler",
    "samplers.masked.sequence": "SequenceSampler",
    "samplers.masked.text": "TokenSampler",
    "samplers.masked.words": "_Expansion",
    "samplers.mixed.parts": "Units TablePart TextPart",
    "samplers.mixed.sampler": "MixedSampler",
    "samplers.own": "OwnDrawsLaw",
    "samplers.stated": "StatedLaw WeightedStatedLaw _StatedColumn",
    "samplers.tabular.column_builder": "ColumnBuilder",
    "samplers.tabular.crossover": "CrossoverSampler CrossoverLaw",
    "samplers.tabular.gaussian": "_BuilderOfObserved GaussianSampler",
    "samplers.tabular.law": "ColumnsLaw SharedColumnsLaw ShiftedColumnsLaw",
    "samplers.tabular.marginal": "MarginalSampler",
    "samplers.tabular.training": "TrainingSampler TrainingRowsLaw",
    "selectors": "AllFeatures HighestWeights ForwardSelection LassoPath AutoSelector",
    "surrogates.adaptive": "Precision SurrogateFitter",
    "tables.arrow": "Rebuilt",
    "tables.arrow_tables": "ArrowTypes",
    "tables.codecs": (
        "Numbers ObjectNumbers ExtensionNumbers PolarsNumbers Levels SparseValues"
    ),
    "tables.containers": (
        "ObjectArray TimeArray NumberArray PandasFrame NumberFrame PolarsFrame"
    ),
    "tables.dense": "DenseFormat",
    "tables.grouped": "GroupedFormat",
    "tables.schema": "TableSchema",
    "tables.series": "_RebuiltPandas _RebuiltPolars",
    "tables.sparse": "SparseFormat _LazyColumns",
    "tables.time_objects": "TimeObjects",
    "tables.times": "Times",
    "serialization.state": "InWords",
}

# Values of columns, and what they are described by.
_VALUES = (
    "collections.OrderedDict",
    "datetime.date",
    "datetime.datetime",
    "datetime.time",
    "datetime.timedelta",
    "datetime.timezone",
    "decimal.Decimal",
    "fractions.Fraction",
    "numpy.dtype",
    "zoneinfo.ZoneInfo",
)

# Their indices are checked after they are read, as compiled code does not check them.
CHECKED = (
    "scipy.sparse._csc.csc_array",
    "scipy.sparse._csc.csc_matrix",
    "scipy.sparse._csr.csr_array",
    "scipy.sparse._csr.csr_matrix",
    "sklearn.tree._tree.Tree",
)

# Parts of fitted models of scikit-learn that are written in Python alone. skops trusts its
# estimators, but not these.
_PARTS = {
    "sklearn.calibration": "_CalibratedClassifier _SigmoidCalibration",
    "sklearn.gaussian_process.kernels": (
        "CompoundKernel ConstantKernel DotProduct ExpSineSquared Exponentiation "
        "Hyperparameter Matern PairwiseKernel Product RBF RationalQuadratic Sum WhiteKernel"
    ),
    "sklearn.neural_network._stochastic_optimizers": "AdamOptimizer SGDOptimizer",
    "sklearn.utils._bunch": "Bunch",
}


def _names(by_module, package=""):
    return [f"{package}{m}.{name}" for m, own in by_module.items() for name in own.split()]


TRUSTED: tuple[str, ...] = tuple(
    sorted([*_names(_OWN, "sklime."), *_VALUES, *CHECKED, *_names(_PARTS)])
)
