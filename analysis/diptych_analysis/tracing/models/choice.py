"""Which class a name means depends on the encoder: without images, some have a closed form."""

from __future__ import annotations

from typing import Any

from diptych_analysis.tracing.models import Tracer


def static(
    spec: str, encoder: str, options: frozenset[str], settings: dict[str, Any], kind: str
) -> Tracer:
    """Make Eq. 2.1 and 2.2: confusion of classes without images, else linear classifiers of z."""
    if encoder == "none" and not options:
        from diptych_analysis.tracing.models.closed import StaticConfusion, StaticTimeConfusion

        made = {"static": StaticConfusion, "static_time": StaticTimeConfusion}[kind]
        return made(spec, encoder, options, settings)
    return neural(spec, encoder, options, settings, kind)


def neural(
    spec: str, encoder: str, options: frozenset[str], settings: dict[str, Any], kind: str
) -> Tracer:
    """Make any model trained by gradient."""
    from diptych_analysis.tracing.models.neural import NeuralTracer

    return NeuralTracer(spec, encoder, options, settings, kind=kind)
