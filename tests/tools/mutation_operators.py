"""Changes that mutation tests make: cosmic-ray's operators, and six more.

Of cosmic-ray's replacements of one sign by another only those are used that a plausible mistake
would make: most of the others fail at their first use. The six operators of this file are for what
cosmic-ray has none: `in`, augmented assignments, calls whose result is not used, conditions of SQL
statements, words such as keys, states and codes, and large numbers. A number from 1,000 on is
halved and not changed by one: no test should depend on 1 ms of a minute.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import parso
from cosmic_ray.operators.number_replacer import NumberReplacer
from cosmic_ray.operators.operator import Operator
from cosmic_ray.operators.provider import OperatorProvider

Place = tuple[int, int]
#: cosmic-ray's operators that are used: signs, then the rest.
SIGNS = {
    "ReplaceBinaryOperator": (
        "Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "FloorDiv_Div", "Mod_FloorDiv", "Pow_Mul",
        "RShift_LShift", "LShift_RShift", "BitOr_BitAnd", "BitAnd_BitOr", "BitXor_BitAnd",
    ),
    "ReplaceComparisonOperator": (
        "Eq_NotEq", "NotEq_Eq", "Lt_LtE", "Lt_GtE", "LtE_Lt", "LtE_Gt", "Gt_GtE", "Gt_LtE",
        "GtE_Gt", "GtE_Lt", "Is_IsNot", "IsNot_Is",
    ),
    "ReplaceUnaryOperator": ("Delete_Not", "Delete_USub", "Delete_Invert"),
}  # fmt: skip
OTHERS = (
    "AddNot",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "ExceptionReplacer",
    "ZeroIterationForLoop",
)
AUGMENTED = {"+=": "-=", "-=": "+=", "*=": "/=", "/=": "*=", "|=": "&=", "&=": "|="}
LARGE = 1000
CONDITIONS = {"where", "having", "and_", "or_"}


class _Own(Operator):
    """An operator that cosmic-ray lacks."""

    @classmethod
    def examples(cls) -> Sequence[Any]:
        """Return nothing: the operator shows no examples."""
        return ()


class SwapIn(_Own):
    """Replace `in` by `not in`, and the other way round."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Place, Place]]:
        """Yield the places where the operator changes a node."""
        if node.type == "comparison":
            for sign in node.children[1::2]:
                if sign.get_code().split() in (["in"], ["not", "in"]):
                    yield sign.start_pos, sign.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Make the change of a place."""
        signs = [
            n for n, sign in enumerate(node.children) if sign.get_code().split()[-1:] == ["in"]
        ]
        place = signs[index]
        negated = node.children[place].get_code().split() == ["not", "in"]
        node.children[place] = parso.parse(" in" if negated else " not in")
        return node


class SwapAugmented(_Own):
    """Replace the sign of an augmented assignment by its opposite."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Place, Place]]:
        """Yield the places where the operator changes a node."""
        if node.type == "operator" and node.value in AUGMENTED:
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Make the change of a place."""
        node.value = AUGMENTED[node.value]
        return node


class DropCall(_Own):
    """Replace a call whose result is not used by `pass`."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Place, Place]]:
        """Yield the places where the operator changes a node."""
        if node.type == "simple_stmt" and _is_call(node.children[0]):
            yield node.children[0].start_pos, node.children[0].end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Make the change of a place."""
        prefix = node.children[0].get_first_leaf().prefix
        node.children[0] = parso.parse(f"{prefix}pass")
        return node


class DropCondition(_Own):
    """Leave a condition out of `where`, `having`, `and_` or `or_`."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Place, Place]]:
        """Yield the places where the operator changes a node."""
        for argument in self._conditions(node):
            yield argument.start_pos, argument.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Make the change of a place."""
        argument = self._conditions(node)[index]
        neutral = "False" if _called(node) == "or_" else "True"
        siblings = argument.parent.children
        siblings[siblings.index(argument)] = parso.parse(argument.get_first_leaf().prefix + neutral)
        return node

    @staticmethod
    def _conditions(node: Any) -> list[Any]:
        if node.type != "trailer" or _called(node) not in CONDITIONS:
            return []
        inner = node.children[1:-1]
        arguments = inner[0].children if inner and inner[0].type == "arglist" else inner
        return [each for each in arguments if each.type != "operator"]


class HalveNumber(_Own):
    """Halve a large number."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Place, Place]]:
        """Yield the places where the operator changes a node."""
        if node.type == "number" and _is_large(node):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Make the change of a place."""
        node.value = str(ast.literal_eval(node.value) // 2)
        return node


class ChangeByOne(NumberReplacer):
    """cosmic-ray's replacement of numbers, for those that are not large."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Place, Place]]:
        """Yield the places where the operator changes a node."""
        if node.type == "number" and not _is_large(node):
            yield from super().mutation_positions(node)


class ChangeWord(_Own):
    """Change a string without spaces: a key, a state, a code."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Place, Place]]:
        """Yield the places where the operator changes a node."""
        if node.type == "string" and _is_word(node.value):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Make the change of a place."""
        quote = node.value.index(node.value[-1])
        node.value = f"{node.value[: quote + 1]}XX{node.value[quote + 1 :]}"
        return node


def _is_call(node: Any) -> bool:
    if node.type not in ("atom_expr", "power"):
        return False
    last = node.children[-1]
    return last.type == "trailer" and last.children[0].value == "("


def _is_large(number: Any) -> bool:
    value = ast.literal_eval(number.value)
    return isinstance(value, int | float) and abs(value) >= LARGE


def _called(trailer: Any) -> str:
    """Return the name of what a trailer `(...)` calls; empty for other trailers."""
    if trailer.children[0].value != "(" or trailer.parent is None:
        return ""
    name: str = trailer.get_previous_leaf().value
    return name


def _is_word(code: str) -> bool:
    try:
        value = ast.literal_eval(code)
    except (SyntaxError, ValueError):
        return False
    return isinstance(value, str) and len(value) > 1 and not any(c.isspace() for c in value)


@cache
def operators() -> dict[str, Operator]:
    """Return the operators that are used, by name."""
    theirs = OperatorProvider()
    names = [f"{name}_{signs}" for name, some in SIGNS.items() for signs in some] + list(OTHERS)
    used: dict[str, Operator] = {name: theirs[name]() for name in names}
    return used | {
        own.__name__: own()
        for own in (
            SwapIn,
            SwapAugmented,
            DropCall,
            DropCondition,
            HalveNumber,
            ChangeByOne,
            ChangeWord,
        )
    }
