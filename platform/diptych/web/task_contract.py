"""The tasks' part of the API's description: the tasks of this package, and any other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, GetJsonSchemaHandler, create_model
from pydantic.json_schema import models_json_schema
from pydantic_core import CoreSchema

from diptych.tasks import REGISTRY, Task
from diptych.tasks.missed import MissedResponse

_REF = "#/components/schemas/{model}"
_MODELS = "x-models"


def _own_tasks() -> Mapping[str, type[Task]]:
    """The tasks of this package by name: what is generated must not depend on other packages."""
    found = {name: REGISTRY.get(name) for name in sorted(REGISTRY.names())}
    return {name: task for name, task in found.items() if task.__module__.startswith("diptych.")}


OWN_TASKS = _own_tasks()


@dataclass(frozen=True)
class DescribedAs:
    """Annotation: a field is described by one of several models, or is open.

    The field is validated by its own type; the models only describe it.
    """

    models: tuple[type[BaseModel], ...]

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the alternatives, the open one last."""
        # Names, not references: pydantic refuses those to models that it has not seen.
        return {"anyOf": [handler(core)], _MODELS: [model.__name__ for model in self.models]}


def _described(models: Iterable[type[BaseModel] | None]) -> DescribedAs:
    return DescribedAs(tuple(model for model in models if model is not None))


def feedback_of() -> DescribedAs:
    """Return the annotation of feedback."""
    return _described(task.Feedback for task in OWN_TASKS.values())


def response_of() -> DescribedAs:
    """Return the annotation of a response: of people, and of machines."""
    tasks = OWN_TASKS.values()
    own = (model for task in tasks for model in (task.Response, task.MachineResponse))
    return _described((*own, MissedResponse))


def parameters_of() -> DescribedAs:
    """Return the annotation of the parameters that the browser may know."""
    return _described(map(public_parameters, OWN_TASKS.values()))


def public_parameters(task: type[Task]) -> type[BaseModel]:
    """Return the model of the parameters of a task that the browser may know."""
    fields: dict[str, Any] = {
        name: (task.Parameters.model_fields[name].annotation, ...) for name in task.public
    }
    return create_model(
        task.Parameters.__name__.replace("Parameters", "PublicParameters"),
        __doc__=f"Parameters of {task.name} that the browser may know.",
        **fields,
    )


def _models() -> list[type[BaseModel]]:
    """Every model that `DescribedAs` refers to."""
    annotations = (feedback_of(), response_of(), parameters_of())
    return [model for annotation in annotations for model in annotation.models]


def complete(document: Any) -> Any:
    """Add the tasks' models, and name each model once.

    APIFlask puts a copy of a model below every model that uses it.

    Parameters
    ----------
    document : dict
        The OpenAPI document, with components such as `Answered.State`.

    Returns
    -------
    dict
        The document with components such as `State`.
    """
    schemas = document["components"]["schemas"]
    renamed = {name: name.rpartition(".")[2] for name in schemas}

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [walk(each) for each in node]
        if isinstance(node, str) and node.startswith("#/components/schemas/"):
            head, _, name = node.rpartition("/")
            return f"{head}/{name.rpartition('.')[2]}"
        if isinstance(node, dict):
            each = [{"$ref": _REF.format(model=model)} for model in node.get(_MODELS, ())]
            walked = {key: walk(value) for key, value in node.items() if key != _MODELS}
            return walked | {"anyOf": [*each, *walked["anyOf"]]} if each else walked
        return node

    walked: dict[str, Any] = walk(document)
    walked["components"]["schemas"] = {
        new: walk(schemas[old]) for old, new in sorted(renamed.items(), key=lambda pair: pair[1])
    }
    _, tasks = models_json_schema([(m, "validation") for m in _models()], ref_template=_REF)
    walked["components"]["schemas"] |= tasks["$defs"]
    return walked
