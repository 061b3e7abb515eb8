"""What a fitted network thinks: embeddings, the classifiers it predicts, the state of its LSTM."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from diptych_analysis.tracing.models import ModelFault, Tracer
from diptych_analysis.tracing.models.networks import ClassifierNet, RecurrentNet
from diptych_analysis.tracing.models.neural import NeuralTracer
from diptych_analysis.tracing.sequences import Sequences

F = npt.NDArray[np.float64]


def _network(model: Tracer, kind: type[Any]) -> tuple[NeuralTracer, Any]:
    if not isinstance(model, NeuralTracer) or not isinstance(model.net.psi, kind):
        wanted = {ClassifierNet: "a cls_pred model", RecurrentNet: "a recurrent model"}
        raise ModelFault(f"{model.spec} is not {wanted.get(kind, 'a network')}")
    return model, model.net.psi


@torch.no_grad()
def embeddings(model: Tracer, sequences: Sequences) -> F:
    """Return z (N, T, D) of what was shown at each trial."""
    if not isinstance(model, NeuralTracer):
        raise ModelFault(f"{model.spec} has no feature space")
    net = model.net.eval()
    batch = model.batch_of(sequences, next(net.parameters()).device)
    found: F = net.encoder(batch).double().cpu().numpy()
    return found


@torch.no_grad()
def hyperplanes(model: Tracer, sequences: Sequences) -> tuple[F, F]:
    """Return the classifier predicted per trial: w (N, T, C, D) and b (N, T, C) (Eq. 2.4).

    softmax(w z + b) is what `predict_proba` says of the image shown, and says of any other image z
    what the learner would answer to it at that time.
    """
    neural, psi = _network(model, ClassifierNet)
    net = neural.net.eval()
    batch = neural.batch_of(sequences, next(net.parameters()).device)
    output, _ = psi.unroll(psi.features(batch, net.encoder(batch)))
    weight, bias = psi.planes(output)
    return weight.double().cpu().numpy(), bias.double().cpu().numpy()


@torch.no_grad()
def lstm_states(model: Tracer, sequences: Sequences) -> tuple[F, F]:
    """Return hidden and cell state of the last layer after trials, both (N, T, 128) (Fig. 2.9)."""
    neural, psi = _network(model, RecurrentNet)
    net = neural.net.eval()
    batch = neural.batch_of(sequences, next(net.parameters()).device)
    inputs = psi.features(batch, net.encoder(batch))
    state, hidden, cell = None, [], []
    for time in range(inputs.shape[1]):  # nn.LSTM tells the cell state of the last step only
        _, state = psi.unroll(inputs[:, time : time + 1], state)
        hidden.append(state[0][-1])
        cell.append(state[1][-1])
    stacked = (torch.stack(each, 1).double().cpu().numpy() for each in (hidden, cell))
    first, second = stacked
    return first, second
