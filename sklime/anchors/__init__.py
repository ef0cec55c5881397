"""Anchors: rules that suffice for a model's answer, and sets of them that cover a table."""

from sklime.anchors.container import Anchors
from sklime.anchors.explainer import AnchorExplainer
from sklime.anchors.rule_set import RuleSet
from sklime.anchors.rules import Condition, Rule
from sklime.anchors.serialization import anchors_schema

__all__ = ["AnchorExplainer", "Anchors", "Condition", "Rule", "RuleSet", "anchors_schema"]
