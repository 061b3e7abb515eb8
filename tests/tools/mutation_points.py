"""Mutants of a source text: where it is changed, and which changes are left out."""

from __future__ import annotations

import ast
import difflib
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from mutation_operators import Place, operators

LOGS = {"log", "logger", "logging", "warnings"}
#: Calls whose words only name a part of a query.
SQL_NAMES = {"alias", "aliased", "cte"}
#: Calls whose first argument is a type.
CASTS = {"cast", "TypeVar"}


@dataclass(frozen=True)
class Mutant:
    """One change of one file.

    Attributes
    ----------
    file : str
        Path of the file within the checkout.
    scope : str
        Function or class that is changed, `<module>` outside of any.
    operator : str
        Name of the operator.
    number : int
        Which of the operator's changes within the scope, from 0.
    occurrence : int
        Which of the operator's changes within the file, from 0.
    line : int
        Line of the change.
    """

    file: str
    scope: str
    operator: str
    number: int
    occurrence: int = field(compare=False)
    line: int = field(compare=False)

    @property
    def id(self) -> str:
        """Return a name that stays the same while other functions of the file change."""
        return f"{self.file}:{self.scope}:{self.operator}:{self.number}"

    def rank(self, seed: int) -> bytes:
        """Return a number drawn by seed and name: the sample is the mutants with the lowest."""
        return hashlib.sha256(f"{seed}:{self.id}".encode()).digest()

    def code(self, source: str) -> str | None:
        """Return the changed source; None where the change does not compile or changes nothing."""
        changed = mutate_code(source, operators()[self.operator], self.occurrence)
        if changed is None:
            return None
        try:
            tree = ast.parse(changed)
        except (SyntaxError, ValueError):
            return None
        return None if ast.dump(tree) == _dumped(source) else changed

    def diff(self, source: str, changed: str) -> str:
        """Return a unified diff of the change."""
        before, after = source.splitlines(keepends=True), changed.splitlines(keepends=True)
        names = f"a/{self.file}", f"b/{self.file}"
        return "".join(difflib.unified_diff(before, after, *names, n=2))


@cache
def _dumped(source: str) -> str:
    return ast.dump(ast.parse(source))


def mutants_of(file: Path, name: str) -> list[Mutant]:
    """List the mutants of a file.

    Parameters
    ----------
    file : Path
        The file.
    name : str
        Its path within the checkout.

    Returns
    -------
    list of Mutant
        All that are not left out; a few of them may not compile (`Mutant.code`).
    """
    source = file.read_text(encoding="utf-8")
    map_ = _SourceMap(source)
    nodes = list(ast_nodes(get_ast(source)))
    mutants = []
    for operator, instance in operators().items():
        seen: Counter[str] = Counter()
        places = (place for node in nodes for place in instance.mutation_positions(node))
        for occurrence, (start, _) in enumerate(places):
            scope = map_.scope(start[0])
            if not map_.left_out(start, operator):
                mutants.append(Mutant(name, scope, operator, seen[scope], occurrence, start[0]))
                seen[scope] += 1
    return mutants


def sample(
    mutants: Sequence[Mutant], sources: dict[str, str], size: int, seed: int
) -> list[Mutant]:
    """Draw `size` mutants that compile, by a seed; in the order of files and lines."""
    drawn: list[Mutant] = []
    seen: set[tuple[str, str]] = set()
    for mutant in sorted(mutants, key=lambda mutant: mutant.rank(seed)):
        if len(drawn) == size:
            break
        code = mutant.code(sources[mutant.file])
        if code is not None and (mutant.file, code) not in seen:
            seen.add((mutant.file, code))
            drawn.append(mutant)
    return sorted(drawn, key=lambda mutant: (mutant.file, mutant.line, mutant.id))


class _SourceMap:
    """Where the functions of a source text are, and what no mutant may change."""

    def __init__(self, source: str) -> None:
        self._lines = source.split("\n")
        self._scopes: list[tuple[int, int, str]] = []
        #: Ranges in which nothing is changed, and in which no words and numbers are.
        self._fixed: list[tuple[Place, Place]] = []
        self._words: list[tuple[Place, Place]] = []
        #: Ranges between the two sides of a binary sign; `*` and `**` elsewhere unpack.
        self._signs: list[tuple[Place, Place]] = []
        self._visit(ast.parse(source), "")

    def scope(self, line: int) -> str:
        """Return the innermost function or class of a line."""
        around = [each for each in self._scopes if each[0] <= line <= each[1]]
        return max(around)[2] if around else "<module>"

    def left_out(self, start: Place, operator: str) -> bool:
        """Return whether an operator's change at a place is left out."""
        if any(first <= start < last for first, last in self._fixed):
            return True
        if operator.startswith("ReplaceBinaryOperator"):
            return not any(first <= start < last for first, last in self._signs)
        return operator in ("ChangeByOne", "HalveNumber", "ChangeWord") and any(
            first <= start < last for first, last in self._words
        )

    def _visit(self, node: ast.AST, scope: str) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            scope = f"{scope}.{node.name}" if scope else node.name
            self._scopes.append((node.lineno, node.end_lineno or node.lineno, scope))
        for fixed in _fixed(node):
            self._fixed.append(self._range(fixed))
        for words in _words(node):
            self._words.append(self._range(words))
        if isinstance(node, ast.BinOp):
            self._signs.append((self._range(node.left)[1], self._range(node.right)[0]))
        for child in ast.iter_child_nodes(node):
            self._visit(child, scope)

    def _range(self, node: Any) -> tuple[Place, Place]:
        """Return the range of a node in parso's columns: characters, where `ast` counts bytes."""
        first = node.lineno, self._column(node.lineno, node.col_offset)
        return first, (node.end_lineno, self._column(node.end_lineno, node.end_col_offset))

    def _column(self, line: int, offset: int) -> int:
        return len(self._lines[line - 1].encode()[:offset].decode())


def _fixed(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a node that stay: types, decorators, docstrings, log calls, asserts."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from node.decorator_list
            if node.returns:
                yield node.returns
        case ast.ClassDef():
            yield from node.decorator_list
        case ast.arg(annotation=ast.expr() as annotation) | ast.AnnAssign(annotation=annotation):
            yield annotation
        case ast.Expr(value=ast.Constant()) | ast.Assert():
            yield node
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name)))) if name in LOGS:
            yield node
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            yield node
        case ast.Subscript(value=ast.Name(id="Literal")):
            yield node
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in CASTS:
            yield first
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            yield node
        case ast.Raise(exc=ast.Call() as call):
            # What a message says of numbers and lists.
            yield from (each for each in ast.walk(call) if isinstance(each, ast.JoinedStr))


def _words(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts whose words and numbers stay: error messages, names within a query."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in SQL_NAMES:
            yield from (*node.args, *node.keywords)
        case ast.Raise(exc=ast.Call(args=args)):
            for each in args:
                yield from (n for n in ast.walk(each) if isinstance(n, ast.BinOp | ast.JoinedStr))
