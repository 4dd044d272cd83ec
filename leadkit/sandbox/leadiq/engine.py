"""GraphQL as a server runs it: a query is parsed, checked against the schema and executed, by graphql-core.

graphql-core takes a tenth of a second to import, so this module is imported with the first query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLIncludeDirective,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    build_schema,
    execute_sync,
    get_directive_values,
    get_operation_ast,
    parse,
    validate,
    value_from_ast_untyped,
)

from leadkit.sandbox.leadiq.refusal import Refusal

_INTERNAL = 500
_BAD_REQUEST = 400

Resolver = Callable[[dict[str, Any], frozenset[str]], Any]


@dataclass(frozen=True)
class RootField:
    """One field at the top of a query: its name in the answer, its name in the schema, and its input."""

    alias: str
    name: str
    input: Mapping[str, Any]
    node: FieldNode


@dataclass(frozen=True)
class Query:
    """A query that is well formed; whether its variables are, shows when it runs."""

    document: DocumentNode
    operation: OperationDefinitionNode
    variables: Mapping[str, Any]

    @cached_property
    def fields(self) -> list[RootField]:
        """What the query asks for, in order."""
        fragments = {
            node.name.value: node
            for node in self.document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        return [
            RootField(
                alias=node.alias.value if node.alias else node.name.value,
                name=node.name.value,
                input=self._input(node),
                node=node,
            )
            for node in _fields(self.operation.selection_set, fragments, lambda _: True)
        ]

    def _input(self, node: FieldNode) -> Mapping[str, Any]:
        for argument in node.arguments or ():
            value = value_from_ast_untyped(argument.value, dict(self.variables))
            if argument.name.value == "input" and isinstance(value, dict):
                return value
        return {}

    def errors(self, refusal: Refusal) -> list[dict[str, Any]]:
        """The refusal, once for each field that was asked for."""
        return [
            {
                **GraphQLError(refusal.message, [field.node], path=[field.alias]).formatted,
                "extensions": refusal.extensions,
            }
            for field in self.fields
        ]


def read_query(text: str, variables: Mapping[str, Any], name: str | None) -> Query:
    """Raises Refusal when the text is no query that this schema can answer."""
    document, errors = _checked(text)
    if errors:
        raise Malformed(errors)
    assert document is not None
    operation = get_operation_ast(document, name)
    if operation is None:
        raise Refusal(_BAD_REQUEST, "Must provide operation name if query contains multiple operations.")
    return Query(document, operation, variables)


class Malformed(Refusal):
    """A query with errors that a schema can find, each with its place in the text."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        super().__init__(_BAD_REQUEST, errors[0].message)
        self._found = errors

    @property
    def errors(self) -> list[dict[str, Any]]:
        return [{**error.formatted, "extensions": self.extensions} for error in self._found]


def run(query: Query, resolvers: Mapping[str, Resolver]) -> dict[str, Any]:
    """``data`` and ``errors`` of the query. Each resolver gets the field's input and the paths selected below it.

    An exception of a resolver is an error of its field: a Refusal with its own status, any other with 500.
    """
    result = execute_sync(
        _schema(),
        query.document,
        root_value={name: _resolving(resolver) for name, resolver in resolvers.items()},
        variable_values=dict(query.variables),
        operation_name=query.operation.name.value if query.operation.name else None,
    )
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        answer["errors"] = [_formatted(error) for error in result.errors]
    return answer


def _resolving(resolver: Resolver) -> Callable[..., Any]:
    def resolve(info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        return resolver(arguments.get("input", {}), _selected(info))

    return resolve


def _formatted(error: GraphQLError) -> dict[str, Any]:
    # What graphql-core itself finds while it runs a query is that its variables do not fit the schema.
    found_by_core = isinstance(error.original_error, GraphQLError | None)
    status = _BAD_REQUEST if found_by_core else _INTERNAL
    return {**error.formatted, "extensions": error.extensions or {"response": {"status": status}}}


def _selected(info: GraphQLResolveInfo[Any]) -> frozenset[str]:
    """The dotted paths of all fields below the one that is being resolved: ``results.name.first``."""

    def included(node: FieldNode | FragmentSpreadNode | InlineFragmentNode) -> bool:
        skip = get_directive_values(GraphQLSkipDirective, node, info.variable_values)
        include = get_directive_values(GraphQLIncludeDirective, node, info.variable_values)
        return not (skip and skip["if"]) and not (include and not include["if"])

    def paths(selections: SelectionSetNode | None, above: str) -> Iterator[str]:
        for node in _fields(selections, info.fragments, included):
            path = f"{above}{node.name.value}"
            yield path
            yield from paths(node.selection_set, f"{path}.")

    return frozenset(path for node in info.field_nodes for path in paths(node.selection_set, ""))


def _fields(
    selections: SelectionSetNode | None,
    fragments: Mapping[str, FragmentDefinitionNode],
    included: Callable[[Any], bool],
) -> Iterator[FieldNode]:
    """The fields of a selection set, those of its fragments in their place."""
    for node in selections.selections if selections else ():
        if not included(node):
            continue
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, InlineFragmentNode):
            yield from _fields(node.selection_set, fragments, included)
        elif isinstance(node, FragmentSpreadNode):
            yield from _fields(fragments[node.name.value].selection_set, fragments, included)


@lru_cache(maxsize=256)
def _checked(text: str) -> tuple[DocumentNode | None, list[GraphQLError]]:
    try:
        document = parse(text)
    except GraphQLError as error:
        return None, [error]
    except RecursionError:
        return None, [GraphQLError("Syntax Error: The query is nested too deeply.")]
    return document, validate(_schema(), document)


@lru_cache(maxsize=1)
def _schema() -> GraphQLSchema:
    parts = sorted((Path(__file__).parent / "schema").glob("*.graphql"))
    sdl = "\n".join(part.read_text(encoding="utf-8") for part in parts)
    schema = build_schema(sdl, assume_valid=True, assume_valid_sdl=True)
    long = cast(GraphQLScalarType, schema.type_map["Long"])
    long.parse_value = _parse_long  # type: ignore[method-assign]
    long.parse_literal = _parse_long_literal  # type: ignore[method-assign]
    return schema


def _parse_long(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        msg = f"Long cannot represent non-integer value: {value!r}"
        raise GraphQLError(msg)
    return value


def _parse_long_literal(node: ValueNode, variables: Mapping[str, Any] | None = None) -> int:
    return _parse_long(value_from_ast_untyped(node, dict(variables or {})))
