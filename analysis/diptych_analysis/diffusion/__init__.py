"""Text-to-image diffusion models in diffusers' folder layout: Stable Diffusion, or a tiny one."""
