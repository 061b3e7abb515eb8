"""Machine interpretability: how well a machine can tell what units respond to from examples.

For the units of vision networks, after Zimmermann, Klindt and Brendel, NeurIPS 2024.

    from diptych_analysis.mis.runs import score_network
    scores = score_network("efficientnet-lite0", images=Path("photographs"), to=Path("out"))

The road: `networks` and `layers` say what is looked at, `activations` runs the images through and
`extremes` keeps the most telling ones, `items` makes 2-AFC items of them, `similarity` compares
images and `mis` scores. `store` keeps what was computed; `runs` puts it all together.
"""
