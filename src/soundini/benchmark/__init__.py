"""Methods side by side: clips, sounds and variants in, one table out."""
