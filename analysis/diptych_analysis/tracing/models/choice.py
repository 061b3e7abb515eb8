"""Which class a name means depends on the encoder: without images, some have a closed form."""

from __future__ import annotations

from typing import Any

from diptych_analysis.tracing.models import Tracer


def static(spec: str, encoder: str, options: frozenset[str], settings: dict[str, Any]) -> Tracer:
    """Eq. 2.1: confusion of classes without images, else a linear classifier of the embedding."""
    if encoder == "none" and not options:
        from diptych_analysis.tracing.models.closed import StaticConfusion

        return StaticConfusion(spec, encoder, options, settings)
    from diptych_analysis.tracing.models.neural import NeuralTracer

    return NeuralTracer(spec, encoder, options, settings, kind="static")


def recurrent(
    spec: str, encoder: str, options: frozenset[str], settings: dict[str, Any], kind: str
) -> Tracer:
    """Every model trained by gradient."""
    from diptych_analysis.tracing.models.neural import NeuralTracer

    return NeuralTracer(spec, encoder, options, settings, kind=kind)
