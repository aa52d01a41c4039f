"""Optical flow: who estimates it, how frames are warped along it, and where it can be trusted.

Conventions, everywhere: frames are ``[T, 3, H, W]`` in [-1, 1]; a flow is in pixels, channel 0 = x
(right), channel 1 = y (down); ``flow_fwd[i]`` takes pixel p of frame i to ``p + flow_fwd[i](p)``
in frame i+1, and ``flow_bwd[i]`` takes pixels of frame i+1 to frame i.
"""
