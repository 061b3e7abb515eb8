"""Teaching: trace a learner from the answers, and choose the image that helps most.

The module uses numpy only, so that the host can step a tracer without PyTorch.
"""
