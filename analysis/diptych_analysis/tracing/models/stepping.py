"""Stepping a recurrent model: one LSTM step a trial, whatever came before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from diptych_analysis.tracing.evaluation import Probabilities
from diptych_analysis.tracing.models.networks import RecurrentNet, State
from diptych_analysis.tracing.stepping import Stepper, Trial, sequence_of

if TYPE_CHECKING:
    from diptych_analysis.tracing.models.neural import NeuralTracer


class RecurrentStepper(Stepper):
    """Keeps the state of the LSTM; a question costs one step, however long the session is."""

    def __init__(self, tracer: NeuralTracer) -> None:
        super().__init__(tracer)
        self.neural = tracer
        assert isinstance(tracer.net.psi, RecurrentNet)
        self.psi = tracer.net.psi
        self.state: State | None = None

    @torch.no_grad()
    def _step(self, trial: Trial) -> tuple[Tensor, Tensor, State]:
        """Return the head's output (1, 1, n_out), z (1, 1, D), and the state after the trial."""
        asked = sequence_of([*self.past, trial], self.tracer.classes)
        net = self.neural.net.eval()
        device = next(net.parameters()).device
        # only this trial and the one before it are inputs now; the rest is in the state
        window = self.neural.batch_of(asked, device).times(slice(-2, None))
        z = net.encoder(window)
        inputs = self.psi.features(window, z)[:, -1:]
        output, after = self.psi.unroll(inputs, self.state)
        return output, z[:, -1:], after

    def predict(self, trial: Trial) -> Probabilities:
        """Return probabilities (C,) of the responses to `trial` now; the session stays as it is."""
        output, z, _ = self._step(trial)
        logits = self.psi.decide(output, z)[0, 0]
        found: Probabilities = torch.softmax(logits.double(), -1).cpu().numpy()
        return found

    def observe(self, trial: Trial) -> None:
        """Take in a trial with its response."""
        _, _, self.state = self._step(trial)
        super().observe(trial)
