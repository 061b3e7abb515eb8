"""Looking into a network: layers, units, activations, similarity of images, and the store."""
