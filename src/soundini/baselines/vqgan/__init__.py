"""VQGAN+CLIP (Crowson et al., ECCV 2022, arXiv 2204.08583), guided by sound: codes of an image model, optimised frame by frame."""
