"""Neural Layered Atlases (Kasten et al., SIGGRAPH Asia 2021, arXiv 2109.11418), edited as Text2LIVE does (arXiv 2204.02491)."""
