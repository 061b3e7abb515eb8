"""A study's own program that draws its stimuli: run on the command line, never by the host."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from diptych.authoring import study_toml
from diptych.authoring.folder import name_faults
from diptych.authoring.folder_files import is_file
from diptych.study.faults import Fault, StudyFault


def build_study(folder: Path) -> bool:
    """Run the study's generator; False when it has none.

    Raises
    ------
    StudyFault
        When study.toml can't be read, or the generator is missing or fails.
    """
    faults = name_faults(folder)
    spec = study_toml.read_spec(folder, faults)
    if spec is None:
        raise StudyFault(folder.name, faults)
    if spec.stimuli.generator is None:
        return False
    path = folder / spec.stimuli.generator
    fault = Fault(
        "study.toml",
        "stimuli.generator",
        repr(spec.stimuli.generator),
        "a Python file with a function build(folder, seed)",
    )
    if not is_file(folder, spec.stimuli.generator):
        raise StudyFault(folder.name, [fault])
    try:
        module = _run(path, f"_study_{folder.name}")
        build = getattr(module, "build", None)
        if build is None:
            raise StudyFault(folder.name, [fault])
        build(folder, spec.stimuli.seed)
    except StudyFault:
        raise
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
        allowed = "a function build(folder, seed) that ends without an error"
        raise StudyFault(
            folder.name, [Fault(spec.stimuli.generator, "build", found, allowed)]
        ) from error
    return True


def _run(path: Path, name: str) -> ModuleType:
    """Import a file as a module of a name of its own."""
    module_spec = importlib.util.spec_from_file_location(name, path)
    assert module_spec is not None and module_spec.loader is not None
    module = importlib.util.module_from_spec(module_spec)
    # Dataclasses look their module up there.
    sys.modules[name] = module
    try:
        module_spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
