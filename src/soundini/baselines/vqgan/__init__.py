"""VQGAN+CLIP (Crowson et al., ECCV 2022, arXiv 2204.08583), guided by sound: an image model's codes, optimised frame by frame."""
